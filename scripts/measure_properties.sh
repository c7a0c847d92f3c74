#!/usr/bin/env bash
# The four data sets of MoleculeNet on the model that comes with molvae, into scripts/results/property.csv: molvae's
# features with a Gaussian process beside random forests on Morgan and RDKit descriptors, on scaffold and random splits.
# Half an hour on one core; sets that are done are not measured again.
#
#   bash scripts/measure_properties.sh FOLDER_OF_DATA FOLDER_OF_RESULTS
set -euo pipefail
cd "$(dirname "$0")/.."
data=${1:?name the folder with ESOL_delaney-processed.csv, FreeSolv_SAMPL.csv, Lipophilicity.csv and bace.csv}
results=${2:?name a folder for the results}

measure() { # name, file, column
  local name=$1 file=$2 target=$3
  [ -e "$results/$name/results.csv" ] ||
    .venv/bin/molvae benchmark property "$data/$file" --target "$target" --kind gp -o "$results/$name"
}
measure freesolv FreeSolv_SAMPL.csv expt
measure esol ESOL_delaney-processed.csv 'measured log solubility in mols per litre'
measure bace bace.csv pIC50
measure lipophilicity Lipophilicity.csv exp

{
  printf 'data,%s\n' "$(head -n 1 "$results/freesolv/results.csv")"
  for name in esol freesolv lipophilicity bace; do
    tail -n +2 "$results/$name/results.csv" | sed "s/^/$name,/"
  done
} >scripts/results/property.csv.part
mv scripts/results/property.csv.part scripts/results/property.csv
