"""ChemNet, the network behind the Fréchet ChemNet Distance (Preuer et al., doi:10.1021/acs.jcim.8b00234).

The weights are those inside the wheel of `fcd_torch` (extra `metrics`), of which nothing is imported: its own code
breaks with current NumPy and SciPy.
"""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from molvae.datasets.files import file_sha256
from molvae.errors import DataError, MissingExtraError
from molvae.evaluate.resources import Progress
from molvae.model.parallel import map_threads, resolve_threads

ACTIVATIONS = 512  # A, of the last hidden layer
CHEMNET_SHA256 = "a36658cc7c94d3c728eacd7ed2d2f104753bb2fde742c2817daefe9533a28080"
_FILE = "ChemNet_v0.13_pretrained.pt"
_SYMBOLS = (
    "C", "N", "O", "H", "F", "Cl", "P", "B", "Br", "S", "I", "Si", "#", "(", ")", "+", "-", "1", "2", "3", "4", "5",
    "6", "7", "8", "=", "[", "]", "@", "c", "n", "o", "s", "X", ".",
)  # fmt: skip
_CODES = {symbol: code for code, symbol in enumerate(_SYMBOLS)}
_UNKNOWN, _END = _CODES["X"], _CODES["."]
_LENGTH = 350  # positions of a molecule, the end mark included
_SYMBOL = re.compile(r".[ril]|.", re.DOTALL)  # the second letter decides, as in the published code
_BATCH = 128  # molecules; more overflow the processor's caches
_WINDOW = 16  # batches for each thread between two reports of progress


class ChemNet(nn.Module):
    """Two convolutions and two LSTMs over SMILES, trained to predict bioassays; only the last hidden state is used."""

    def __init__(self) -> None:
        super().__init__()
        self.convolutions = nn.ModuleList(
            nn.Conv1d(channels, 32, kernel_size=4, stride=2, bias=False) for channels in (len(_SYMBOLS), 32)
        )
        self.lstms = nn.ModuleList((nn.LSTM(32, 128, batch_first=True), nn.LSTM(128, ACTIVATIONS, batch_first=True)))

    def forward(self, one_hot: Tensor) -> Tensor:
        """Return the activations (B, 512) of one-hot SMILES (B, 35, 350), scaled as it was trained."""
        hidden = one_hot
        for convolution in self.convolutions:
            spare = 2 if hidden.shape[2] % 2 == 0 else 3  # Keras pads "same", the odd one at the end
            hidden = functional.selu(convolution(functional.pad(hidden, (spare // 2, spare - spare // 2))))
        hidden = hidden.transpose(1, 2)
        for lstm in self.lstms:  # the first reads backwards, the second what that wrote, backwards again
            hidden, _ = lstm(hidden.flip(1))
        last: Tensor = hidden[:, -1]
        return last


def activations(
    smiles: Sequence[str],
    *,
    device: torch.device | str = "cpu",
    threads: int | None = None,
    progress: Progress = lambda count: None,
) -> NDArray[np.float32]:
    """Return the ChemNet activations of canonical SMILES, shape (n, 512), in single precision on every device.

    Raises:
        MissingExtraError: `fcd_torch` is not installed.
        DataError: its weights are not those expected.
    """
    net = chemnet().to(device)
    on_cpu = torch.device(device).type == "cpu"
    threads = resolve_threads(threads) if on_cpu else 1
    size = _BATCH if on_cpu else 8 * _BATCH
    result = np.empty((len(smiles), ACTIVATIONS), dtype=np.float32)

    def run(start: int) -> None:
        codes = torch.from_numpy(encode_smiles(smiles[start : start + size])).to(device)
        # TensorFloat-32, the default of cuDNN, keeps ten bits of the mantissa
        with torch.inference_mode(), torch.backends.cudnn.flags(allow_tf32=False):
            result[start : start + size] = net(one_hot(codes)).cpu().numpy()

    try:
        for window in _windows(range(0, len(smiles), size), _WINDOW * threads):
            map_threads(run, window, threads=threads)
            progress(min(len(smiles), window[-1] + size) - window[0])
    finally:
        net.to("cpu")
    return result


def encode_smiles(smiles: Sequence[str]) -> NDArray[np.int64]:
    """Return the symbol codes (n, 350) of SMILES, -1 behind the end mark; as published, a mixture ends at its dot."""
    codes = np.full((len(smiles), _LENGTH), -1, dtype=np.int64)
    for row, text in enumerate(smiles):
        symbols = _SYMBOL.findall(text.partition(".")[0])[: _LENGTH - 1]
        codes[row, : len(symbols)] = [_CODES.get(symbol, _UNKNOWN) for symbol in symbols]
        codes[row, len(symbols)] = _END
    return codes


def one_hot(codes: Tensor) -> Tensor:
    """Return the input (B, 35, 350) of ChemNet for codes (B, 350): 1/35 at the symbol of each position."""
    hot = torch.zeros(len(codes), len(_SYMBOLS) + 1, _LENGTH, device=codes.device)
    hot.scatter_(1, (codes % (len(_SYMBOLS) + 1)).unsqueeze(1), 1 / len(_SYMBOLS))  # -1 goes to a row of its own
    return hot[:, :-1]


@lru_cache(maxsize=1)
def chemnet() -> ChemNet:
    """Return the trained network, on the CPU.

    Raises:
        MissingExtraError: `fcd_torch` is not installed.
        DataError: its weights are not those expected.
    """
    found = importlib.util.find_spec("fcd_torch")  # looks for the package without running any of it
    if found is None or not found.submodule_search_locations:
        raise MissingExtraError("fcd_torch", "metrics")
    path = Path(next(iter(found.submodule_search_locations))) / _FILE
    if not path.is_file() or file_sha256(path) != CHEMNET_SHA256:
        raise DataError(f"{path} is not the ChemNet v0.13 expected: pip install --force-reinstall 'fcd_torch==1.0.7'")
    layers: list[Any] = torch.load(path, map_location="cpu", weights_only=True)  # kind, (weights, settings, flags)
    with torch.device("meta"):  # random initial weights would be drawn from the global generator
        net = ChemNet()
    for layer, (_, (weights, _, _)) in zip([*net.convolutions, *net.lstms], layers, strict=True):
        layer.load_state_dict(weights, assign=True)
    return net.eval().requires_grad_(False)


def _windows(starts: range, size: int) -> Iterator[range]:
    for first in range(0, len(starts), size):
        yield starts[first : first + size]
