# Sourced by the benchmarks: sets python to an interpreter with PyTorch, or to nothing and says how to get one. Ours is then measured alone.
python=${MINT_PYTHON:-/usr/bin/python3}
if ! "$python" -c 'import torch' 2> /dev/null; then
  echo "$python has no PyTorch: Mint.ML is measured alone. Name one that has in MINT_PYTHON: best on the libtorch that TorchSharp uses (pip install torch==2.10.0;" >&2
  echo "on this project's machines, shared/peer/setup.sh FOLDER and MINT_PYTHON=FOLDER/python), else Debian's python3-torch." >&2
  python=
else
  echo "reference: PyTorch $("$python" -c 'import torch; print(torch.__version__)')" >&2
fi
