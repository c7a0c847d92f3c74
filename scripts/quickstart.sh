#!/usr/bin/env bash
# From nothing to molecules in seconds after the installation, offline: installs molvae and uses the model that comes
# with it to send approved drugs through the latent space and back, to draw 1,000 new molecules, to find neighbours of
# a drug, to walk from one drug to another, and to search for the most drug-like molecules with 300 calls of a score.
# Everything lands in quickstart_out/; summary.txt tells what happened.
#
#   bash scripts/quickstart.sh
set -euo pipefail
cd "$(dirname "$0")/.."

out=quickstart_out
aspirin='CC(=O)Oc1ccccc1C(=O)O'
imatinib='Cc1ccc(NC(=O)c2ccc(CN3CCN(C)CC3)cc2)cc1Nc1nccc(-c2cccnc2)n1'
paracetamol='CC(=O)Nc1ccc(O)cc1'

bash scripts/setup.sh
unset MOLVAE_MODEL
molvae() { .venv/bin/molvae "$@"; }
step() { printf '\n== %s\n' "$*" >&2; }
mkdir -p "$out"

step "Encoding and decoding 100 approved drugs"
molvae encode data/drugs.smi -o "$out/drugs.npz"
molvae decode "$out/drugs.npz" -o "$out/drugs_decoded.smi"

step "Sampling 1,000 molecules, finding neighbours, walking from aspirin to paracetamol"
molvae sample -n 1000 --seed 0 -o "$out/sampled.smi"
molvae sample -n 25 --seed 0 --picture "$out/sampled.png" -o "$out/pictured.smi"
molvae neighbors "$imatinib" -n 12 --seed 0 --picture "$out/neighbors.png" -o "$out/neighbors.csv"
molvae interpolate "$aspirin" "$paracetamol" -n 8 --picture "$out/interpolation.png" -o "$out/interpolation.csv"

step "Searching for drug-like molecules with 300 calls of the score QED"
rm -rf "$out/qed" # a search goes on only with the model it began with
molvae optimize --objective qed --budget 300 --seed 0 -o "$out/qed" >"$out/best.tsv"

step "Summary"
{
  echo "molvae quick start, with the model that comes with molvae (molvae info shows its card)"
  printf '\n-- approved drugs through the latent space and back (molvae reconstruct data/drugs.smi --refine)\n'
  molvae reconstruct data/drugs.smi --refine -o "$out/drugs_reconstructed.csv" 2>&1
  printf '\n-- the first of 1,000 sampled molecules (%s/sampled.smi, %s/sampled.png)\n' "$out" "$out"
  head -n 10 "$out/sampled.smi"
  printf '\n-- neighbours of imatinib with their similarity (%s/neighbors.png)\n' "$out"
  cat "$out/neighbors.csv"
  printf '\n-- from aspirin to paracetamol, with the similarity to both (%s/interpolation.png)\n' "$out"
  cat "$out/interpolation.csv"
  printf '\n-- the best of 300 calls of QED: score, molecule (%s/qed/progress.png, %s/qed/best.png)\n' "$out" "$out"
  cat "$out/best.tsv"
} | tee "$out/summary.part"
mv "$out/summary.part" "$out/summary.txt"
printf '\nWritten to %s: summary.txt, sampled.png, neighbors.png, interpolation.png, qed/progress.png, qed/best.png\n' "$out" >&2
