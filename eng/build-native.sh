#!/usr/bin/env bash
# Builds the bridge to libtorch (compat/TorchSharp/native/bridge.cpp) into compat/TorchSharp/native/lib/libmint_torch.so;
# does nothing when that is newer than its source and was built against the same libtorch.
#   MINT_LIBTORCH  an unpacked libtorch, or the torch folder of a Python installation (it holds include/ and lib/);
#                  unset: Debian's libtorch-dev.
set -euo pipefail
script=$(readlink -f "${BASH_SOURCE[0]}")
cd "$(dirname "$script")/../compat/TorchSharp/native"

die() { echo "build-native: $*" >&2; exit 1; }

if [ -n "${MINT_LIBTORCH:-}" ]; then
  include=$MINT_LIBTORCH/include lib=$MINT_LIBTORCH/lib
  [ -f "$include/ATen/ATen.h" ] && [ -f "$lib/libtorch_cpu.so" ] ||
    die "MINT_LIBTORCH is '$MINT_LIBTORCH', which has no include/ATen/ATen.h and lib/libtorch_cpu.so. Name an unpacked libtorch or Python's torch folder."
else
  include=/usr/include
  [ -f "$include/ATen/ATen.h" ] || die "libtorch's headers are missing. Install libtorch-dev (./mint setup does), or set MINT_LIBTORCH to an unpacked libtorch."
  lib=$(dirname "$(ldconfig -p | sed -n 's/.*=> \(.*\/libtorch_cpu\.so[^ ]*\)$/\1/p' | head -n 1)")
fi
command -v g++ > /dev/null || die "g++ is missing. Install g++ (Debian's build-essential)."

cpu=$(readlink -f "$lib/libtorch_cpu.so")
stamp="$cpu $(stat -c %s-%Y "$cpu") $(cat bridge.cpp few_rows.h "$script" | sha256sum | cut -c1-16)"
mkdir -p lib
up_to_date() { [ -f lib/libmint_torch.so ] && [ "$(cat lib/stamp 2>/dev/null)" = "$stamp" ]; }
up_to_date && exit 0

# Several builds may come here at once; the first compiles, the others find it done.
exec 9> lib/lock
flock 9
up_to_date && exit 0

# The string ABI must be the library's own: its operators' names carry std::string in one spelling or the other.
abi=1
[ "$(nm -D --defined-only "$cpu" | grep -c '_ZN3c10.*__cxx11')" -gt 0 ] || abi=0

echo "building the bridge to libtorch ($cpu, _GLIBCXX_USE_CXX11_ABI=$abi)"
flags=(-std=c++17 -O2 -fPIC -shared -fvisibility=hidden -w -D_GLIBCXX_USE_CXX11_ABI=$abi -I"$include" -I"$include/torch/csrc/api/include")
# A libtorch of its own brings its own OpenMP runtime; a second one beside it would compete for the cores.
if [ -n "${MINT_LIBTORCH:-}" ]; then flags+=(-Wl,-rpath,"$lib"); else flags+=(-fopenmp); fi
g++ "${flags[@]}" bridge.cpp -o "lib/libmint_torch.so.$$" -L"$lib" -ltorch_cpu -lc10 -ldl -Wl,--no-undefined
mv -f "lib/libmint_torch.so.$$" lib/libmint_torch.so
echo "$stamp" > "lib/stamp.$$" && mv -f "lib/stamp.$$" lib/stamp
