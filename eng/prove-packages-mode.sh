#!/usr/bin/env bash
# Proves packages mode where the real packages cannot be had. From the sources under compat/ it makes packages with the real names,
# versions and (for ML.NET) assembly split, whose internals nobody outside is let into; then it sets a clean copy of this commit up with
# MINT_PACKAGE_SOURCE, builds the whole solution, and runs the tests that save, load and map rows through ML.NET's internals.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/repository" "$work/feed" "$work/fake"
git archive HEAD | tar x -C "$work/repository"
[ ! -d compat/TorchSharp/native/lib ] || cp -r compat/TorchSharp/native/lib "$work/repository/compat/TorchSharp/native/"
cp -r "$work/repository/compat" "$work/fake/compat"
sed 's/<Import.*\/>//' Directory.Build.props > "$work/fake/Directory.Build.props"       # as in the repository, without its modes
cp Directory.Packages.props "$work/fake/"

# What is restored stays in here, as the fakes carry the names of real packages.
export NUGET_PACKAGES="$work/packages" DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
export RestoreFallbackFolders="$HOME/.nuget/packages"
version_of() { sed -n "s:.*Include=\"$1\" Version=\"\(.*\)\" />.*:\1:p" Directory.Packages.props; }

# ML.NET: types and interfaces in Core, the rest in Data, which alone sees Core's internals.
ml="$work/fake/compat/Microsoft.ML"
core='DataView/**/*.cs;Core/Host.cs;Core/ComponentCatalog.cs;Core/SchemaShape.cs;Core/Interfaces.cs;Model/ModelContexts.cs'
mkdir -p "$work/fake/compat/Core" "$work/fake/compat/Data"
cat > "$work/fake/compat/Core/Microsoft.ML.Core.csproj" <<XML
<Project Sdk="Microsoft.NET.Sdk"><ItemGroup>
  <Compile Include="$(echo "$core" | sed "s:[^;]*:$ml/&:g")" />
  <InternalsVisibleTo Include="Microsoft.ML.Data" />
</ItemGroup></Project>
XML
cat > "$work/fake/compat/Data/Microsoft.ML.Data.csproj" <<XML
<Project Sdk="Microsoft.NET.Sdk"><PropertyGroup>
  <IsPackable>true</IsPackable><PackageId>Microsoft.ML</PackageId><Version>$(version_of Microsoft.ML)</Version>
  <TargetsForTfmSpecificBuildOutput>PackCore</TargetsForTfmSpecificBuildOutput>
</PropertyGroup><ItemGroup>
  <Compile Include="$ml/**/*.cs" Exclude="$(echo "$core" | sed "s:[^;]*:$ml/&:g");$ml/obj/**;$ml/bin/**" />
  <ProjectReference Include="../Core/Microsoft.ML.Core.csproj" PrivateAssets="all" />
</ItemGroup>
<Target Name="PackCore"><ItemGroup><BuildOutputInPackage Include="\$(OutputPath)Microsoft.ML.Core.dll" /></ItemGroup></Target></Project>
XML
pack() { dotnet pack "$1" -c Release -o "$work/feed" -v quiet -clp:NoSummary "${@:2}"; }
pack "$work/fake/compat/Data/Microsoft.ML.Data.csproj"
for name in Microsoft.ML.Tokenizers NWaves; do
  pack "$work/fake/compat/$name/$name.csproj" -p:IsPackable=true "-p:Version=$(version_of $name)"
done
pack "$work/repository/compat/TorchSharp/TorchSharp.csproj" -p:IsPackable=true "-p:Version=$(version_of TorchSharp)"
for name in TorchSharp-cpu TorchSharp-cuda-linux; do
  mkdir "$work/fake/$name"
  cat > "$work/fake/$name/$name.csproj" <<XML
<Project Sdk="Microsoft.NET.Sdk"><PropertyGroup>
  <Version>$(version_of $name)</Version><IncludeBuildOutput>false</IncludeBuildOutput><NoWarn>NU5128</NoWarn>
</PropertyGroup><ItemGroup><PackageReference Include="TorchSharp" /></ItemGroup></Project>
XML
  pack "$work/fake/$name/$name.csproj" "-p:RestoreAdditionalProjectSources=$work/feed"
done
ls "$work/feed"

cd "$work/repository"
MINT_PACKAGE_SOURCE="$work/feed" ./eng/setup.sh
grep -q '>packages<' eng/mode.props || { echo "setup did not choose packages mode" >&2; exit 1; }
dotnet build Mint.ML.sln -c Release -v quiet -clp:NoSummary
! find Mint.ML* tests bench -name Microsoft.ML.dll | grep . || { echo "a stand-in is used in packages mode" >&2; exit 1; }
run() { dotnet "tests/$1/bin/Release/net10.0/$1.dll" --no-progress --filter "FullyQualifiedName~$2"; }
run Mint.ML.Transforms.Tests RowMapping
run Compat.Tests MicrosoftML

# The same program with ML.NET's internals closed must fail, or the run above proved nothing.
sed -i '/IgnoresAccessChecksTo("/d' Mint.ML.Transforms/Interop.cs tests/Mint.ML.Transforms.Tests/Interop.cs
dotnet build tests/Mint.ML.Transforms.Tests -c Release -v quiet -clp:NoSummary
if run Mint.ML.Transforms.Tests RowMapping > /dev/null; then
  echo "the internals were open without IgnoresAccessChecksTo: nothing is proved" >&2; exit 1
fi
echo "packages mode: set up, built, saved, loaded; and closed without the attribute"
