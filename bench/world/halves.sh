#!/usr/bin/env bash
# Cuts the held-out fold of ESC-10 into two halves, by recording: runs/bench-world/halves/{calibration,held-out}.csv, labelled by the names that the
# everyday model has itself. Then: ./mint calibrate runs/bench-world/halves/calibration.csv --model MODEL, and ./mint bench world.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
mkdir -p runs/bench-world/halves
awk -F, -v folder="$PWD/Mint.ML.Samples/data/sounds/" -v to=runs/bench-world/halves/ '
  BEGIN {
    split("dog bark=dog;rain=rain;sea waves=sea waves;baby cry=crying baby;clock tick=clock tick;person sneeze=sneezing;helicopter=helicopter;" \
      "chainsaw=chainsaw;rooster=rooster;fire crackling=crackling fire", pairs, ";")
    for (i in pairs) { split(pairs[i], pair, "="); own[pair[1]] = pair[2] }
    print "Path,Label" > (to "calibration.csv"); print "Path,Label" > (to "held-out.csv")
  }
  $NF == "fold 5" {
    # The recordings of a class by turns: the clips of one recording stay together.
    if (!(($2, $5) in half)) half[$2, $5] = count[$2]++ % 2
    print folder $1 "," own[$2] > (to (half[$2, $5] ? "held-out.csv" : "calibration.csv"))
  }' Mint.ML.Samples/data/sounds/manifest.csv
