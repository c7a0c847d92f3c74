"""Without a compiler the model gives the same numbers, only later."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

PROGRAM = """
import torch
from molvae.model import VAEConfig, build_vae, generate
from molvae.model.native import native_cell
vae = build_vae(VAEConfig(latent_dim=4, decoder_hidden_dim=16, encoder_hidden_dim=8), vocabulary_size=9)
tokens = torch.tensor([[1, 1], [5, 6], [7, 2], [2, 0]])
terms = vae(tokens, torch.tensor([4, 3]), generator=torch.Generator().manual_seed(0))
made = generate(vae.decoder, torch.eye(4), max_symbols=6, precision="fp32")
print(native_cell() is None, [round(x, 4) for x in terms.reconstruction.tolist()], made.sequences())
"""


def outcome(**environment: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", PROGRAM],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=100,
    )
    return done.stdout.strip().split(" ", 1)


def test_without_a_compiler_the_numbers_are_the_same(tmp_path: Path) -> None:
    _, numbers = outcome()
    assert outcome(MOLVAE_NATIVE="0") == ["True", numbers]
    assert outcome(CC="no-such-compiler") == ["True", numbers]
    assert outcome(CC="false", XDG_CACHE_HOME=str(tmp_path)) == ["True", numbers], "a compiler that fails"


def test_a_cache_folder_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "molvae").write_text("a file where the folder should be")
    _, numbers = outcome()
    assert outcome(XDG_CACHE_HOME=str(tmp_path)) == ["True", numbers]
