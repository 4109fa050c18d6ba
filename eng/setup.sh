#!/usr/bin/env bash
# Chooses the dependency mode, installs the system libraries that mode needs, and writes eng/mode.props.
#   MINT_DEPENDENCIES    packages or compat: no trial restore
#   MINT_PACKAGE_SOURCE  one more folder of .nupkg files to restore from
#   MINT_RESTORE_TIMEOUT seconds the trial restore may take, 600 unless set
set -euo pipefail
if [ -n "${MINT_PACKAGE_SOURCE:-}" ]; then
  # Restores run in other folders than this one.
  MINT_PACKAGE_SOURCE=$(cd "$MINT_PACKAGE_SOURCE" 2> /dev/null && pwd) ||
    { echo "MINT_PACKAGE_SOURCE names no folder that can be read." >&2; exit 2; }
  export MINT_PACKAGE_SOURCE
fi
cd "$(dirname "${BASH_SOURCE[0]}")/.."

requested=${MINT_DEPENDENCIES:-}
torch=TorchSharp-cpu
[ ! -e /proc/driver/nvidia/version ] || torch=TorchSharp-cuda-linux

can_restore_packages() {
  local probe; probe=$(mktemp -d)
  cat > "$probe/probe.csproj" <<XML
<Project Sdk="Microsoft.NET.Sdk">
  <PropertyGroup><TargetFramework>net10.0</TargetFramework><NuGetAudit>false</NuGetAudit></PropertyGroup>
  <ItemGroup>$(sed -n 's:.*<PackageVersion Include="\(Microsoft.ML\|Microsoft.ML.Tokenizers\|NWaves\|TorchSharp\|'"$torch"'\)" Version="\(.*\)" />.*:<PackageReference Include="\1" Version="\2" />:p' Directory.Packages.props)</ItemGroup>
</Project>
XML
  local extra=()
  [ -z "${MINT_PACKAGE_SOURCE:-}" ] || extra=("-p:RestoreAdditionalProjectSources=$MINT_PACKAGE_SOURCE")
  # Large packages (libtorch) take minutes to download; a registry that lacks them says so within seconds.
  timeout "${MINT_RESTORE_TIMEOUT:-600}" dotnet restore "$probe/probe.csproj" "${extra[@]}" > "$probe/log" 2>&1
  local status=$?
  why=$(grep -m1 -oE 'error NU[0-9]+: .*' "$probe/log" || tail -n 1 "$probe/log")
  rm -rf "$probe"
  return $status
}

why=""
case "$requested" in
  compat|packages) mode=$requested; reason="MINT_DEPENDENCIES says so" ;;
  "") if can_restore_packages; then mode=packages; reason="the real packages restore"
      else mode=compat; reason="the real packages do not restore here: $why"; fi ;;
  *) echo "MINT_DEPENDENCIES is '$requested'; it must be 'packages' or 'compat'." >&2; exit 2 ;;
esac

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }

# What this mode loads from the system. libsndfile reads FLAC, Ogg and MP3 in both modes.
needed=()
have_library() { ldconfig -p 2>/dev/null | grep -q "$1"; }
have_library libsndfile.so.1 || needed+=(libsndfile1)
if [ "$mode" = compat ] && [ -z "${MINT_LIBTORCH:-}" ]; then
  [ -e /usr/include/torch/csrc/api/include/torch/torch.h ] || needed+=(libtorch-dev)
  have_library libopenblas.so.0 || needed+=(libopenblas0-pthread)
fi
if [ ${#needed[@]} -gt 0 ]; then
  echo "installing system packages: ${needed[*]}"
  if ! command -v apt-get > /dev/null; then
    echo "This system has no apt-get. Install the equivalents of: ${needed[*]}; or set MINT_LIBTORCH to an unpacked libtorch." >&2; exit 1
  fi
  export DEBIAN_FRONTEND=noninteractive
  as_root apt-get update -qq
  as_root apt-get install -y -qq --no-install-recommends "${needed[@]}" > /dev/null
fi

cat > eng/mode.props.new <<XML
<Project>
  <!-- Written by ./mint setup: $(echo "$reason" | sed 's/--/- -/g; s/[<>&]/ /g') -->
  <PropertyGroup>
    <MintDependencies Condition="'\$(MintDependencies)' == ''">$mode</MintDependencies>
    <MintTorchSharp Condition="'\$(MintTorchSharp)' == ''">$torch</MintTorchSharp>
    <MintPackageSource>$(echo "${MINT_PACKAGE_SOURCE:-}" | sed 's/&/\&amp;/g; s/</\&lt;/g')</MintPackageSource>
  </PropertyGroup>
</Project>
XML
mv eng/mode.props.new eng/mode.props
echo "dependency mode: $mode ($reason)"
