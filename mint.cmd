@echo off
rem The commands of ./mint that need no bash. Not tried on Windows yet (docs/packages.md).
setlocal
if "%1"=="" goto usage
if "%1"=="setup" goto setup
if "%1"=="build" goto build
if "%1"=="test" goto test
if "%1"=="verify" goto verify
rem Names are relative to the caller's folder.
dotnet run -c Release --project "%~dp0Mint.ML.Samples" -- %*
exit /b %errorlevel%
:setup
cd /d "%~dp0"
if exist artifacts\torch-package del artifacts\torch-package
if exist artifacts\public-api-not-served del artifacts\public-api-not-served
if "%2"=="--locked" (dotnet restore Mint.ML.sln -p:MintLocked=true) else (dotnet restore Mint.ML.sln)
if errorlevel 1 exit /b 1
:build
cd /d "%~dp0"
dotnet build Mint.ML.sln -c Release
exit /b %errorlevel%
:test
cd /d "%~dp0"
dotnet build Mint.ML.sln -c Release || exit /b 1
dotnet tests\Mint.ML.Tests\bin\Release\net10.0\Mint.ML.Tests.dll || exit /b 1
dotnet tests\Mint.ML.Transforms.Tests\bin\Release\net10.0\Mint.ML.Transforms.Tests.dll
exit /b %errorlevel%
:verify
cd /d "%~dp0"
for /f "tokens=1,*" %%a in ("%*") do dotnet run -c Release --project tests\Mint.ML.Parity -- %%b
exit /b %errorlevel%
:usage
echo usage: mint setup [--locked] ^| build ^| test ^| verify ^| demo ^| any command of the program; mint --help lists them
