"""The one-way architecture, held by reading every import and by importing in interpreters that lack things."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "molvae"
MODULES = sorted(PACKAGE.rglob("*.py"))

# What each package may import of molvae, beside itself and the four modules that everything stands on.
FOUNDATION = {"errors", "settings", "style", "_lazy"}
TO_THE_LEFT = {
    "errors": set[str](),
    "settings": {"errors"},
    "style": {"errors"},
    "_lazy": set(),
    "chem": set(),
    "tokens": {"chem"},
    "datasets": {"chem", "tokens"},
    "model": {"chem", "tokens", "datasets"},
    "training": {"chem", "tokens", "datasets", "model"},
    "latent": {"chem", "tokens", "datasets", "model"},
    "evaluate": {"chem", "tokens", "datasets", "model", "latent"},
    "properties": {"chem", "tokens", "datasets", "model", "latent"},
    "optimize": {"chem", "tokens", "datasets", "model", "latent", "properties", "evaluate"},
    "plots": {"chem", "tokens", "datasets", "model", "training", "latent", "properties", "evaluate", "optimize"},
    "benchmarks": {"chem", "tokens", "datasets", "model", "latent", "properties", "evaluate", "optimize"},
    "explore": {"chem", "tokens", "datasets", "model", "latent"},
    "cli": {
        "chem",
        "tokens",
        "datasets",
        "model",
        "training",
        "latent",
        "properties",
        "evaluate",
        "optimize",
        "plots",
        "benchmarks",
        "explore",
    },
    "__main__": {"cli"},
}

# Where a library may enter. The command line reaches a library through the package that owns it.
GATES = {
    "rdkit": {"chem"},
    "selfies": {"tokens"},
    "torch": {"model", "training", "latent", "evaluate", "properties", "optimize", "cli"},
    "botorch": {"optimize"},
    "gpytorch": {"optimize"},
    "cma": {"optimize"},
    "safetensors": {"datasets", "model", "training", "properties"},
    "accelerate": {"training"},
    "tensorboard": {"training"},
    "sklearn": {"latent", "properties"},
    "mapie": {"properties"},
    "matplotlib": {"style", "training", "properties", "optimize", "plots"},
    "scipy": {"latent", "evaluate", "optimize"},
    "fcd_torch": set(),  # its weights are read, its code is not run
    "pooch": {"datasets"},
    "pyarrow": {"datasets", "latent"},
    "usearch": {"latent"},
    "click": {"cli"},
    "tqdm": {"cli"},
    "flask": {"explore"},
    "waitress": {"explore"},
}

# A GPU node that trains from a token shard has torch, numpy and safetensors, and none of these.
CHEMISTRY_AND_TOOLS = (
    "rdkit", "selfies", "pandas", "sklearn", "scipy", "joblib", "tqdm", "click", "pydantic", "matplotlib", "pyarrow",
)  # fmt: skip
WITHOUT_CHEMISTRY = ("molvae.model", "molvae.training", "molvae.datasets.shards", "molvae.datasets.batches")


def package_of(module: Path) -> str:
    """Return the first name below `molvae`: the package, or the module where there is none."""
    return module.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports_of(module: Path) -> Iterator[tuple[str, int]]:
    """Yield every imported dotted name of a module with its line, wherever in the file it stands."""
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}:{node.lineno} imports relatively"
            assert node.module is not None
            yield from ((f"{node.module}.{alias.name}", node.lineno) for alias in node.names)


def name_of(module: Path) -> str:
    return str(module.relative_to(PACKAGE.parent))


@pytest.mark.parametrize("module", [m for m in MODULES if m.parent != PACKAGE or m.stem != "__init__"], ids=name_of)
def test_a_package_imports_only_from_packages_to_its_left(module: Path) -> None:
    package = package_of(module)
    allowed = TO_THE_LEFT[package] | {package} | (FOUNDATION if package not in FOUNDATION else set())
    for imported, line in imports_of(module):
        parts = imported.split(".")
        if parts[0] == "molvae" and len(parts) > 1 and parts[1] != "__version__":
            assert parts[1] in allowed, f"{name_of(module)}:{line} imports {imported}"


@pytest.mark.parametrize("module", MODULES, ids=name_of)
def test_a_library_enters_only_through_the_package_that_owns_it(module: Path) -> None:
    for imported, line in imports_of(module):
        library = imported.split(".")[0]
        if library in GATES:
            assert package_of(module) in GATES[library], f"{name_of(module)}:{line} imports {imported}"


def loads_tensors_only(keyword: ast.keyword) -> bool:
    return keyword.arg == "weights_only" and ast.unparse(keyword.value) == "True"


def dangers_of(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Yield what could run code from a file or a string, with its line."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [str(node.module)]
            for name in names:
                if name.split(".")[0] in {"pickle", "marshal", "shelve", "dill", "cloudpickle", "yaml"}:
                    yield f"import {name}", node.lineno
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            if called in {"eval", "exec", "compile", "__import__", "os.system", "os.popen"}:
                yield called, node.lineno
            if called == "torch.load" and not any(map(loads_tensors_only, node.keywords)):
                yield called, node.lineno
            if called in {"torch.save", "joblib.load", "joblib.dump", "np.save_pickle"}:
                yield called, node.lineno
            if called.endswith((".ToBinary", ".read_pickle", ".to_pickle")):  # RDKit crashes on foreign binaries
                yield called, node.lineno
            for keyword in node.keywords:
                if keyword.arg in {"shell", "allow_pickle"} and ast.unparse(keyword.value) != "False":
                    yield f"{called}({keyword.arg}=…)", node.lineno


@pytest.mark.parametrize("module", MODULES, ids=name_of)
def test_no_file_or_string_can_run_code(module: Path) -> None:
    assert list(dangers_of(ast.parse(module.read_text(encoding="utf-8")))) == []


@pytest.mark.parametrize(
    "source",
    ["import pickle", "from pickle import loads", "eval(x)", "torch.load(f)", "torch.load(f, weights_only=False)",
     "run(x, shell=True)", "m.ToBinary()",
     "np.load(f, allow_pickle=True)", "np.load(f, allow_pickle=flag)"],
)  # fmt: skip
def test_the_check_for_dangers_sees_each_of_them(source: str) -> None:
    assert len(list(dangers_of(ast.parse(source)))) == 1


def run_python(code: str, *arguments: str) -> str:
    """Return the standard output of a fresh interpreter that turns warnings into errors."""
    command = [sys.executable, "-W", "error", "-c", code, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


LOADED = "import sys, json; print(json.dumps(sorted({name.split('.')[0] for name in sys.modules})))"
HEAVY = {"torch", "rdkit", "selfies", "numpy", "scipy", "sklearn", "pandas", "joblib", "tqdm", "safetensors"}


@pytest.mark.parametrize(
    "statement", ["import molvae", "import molvae; dir(molvae)", "import molvae.chem, molvae.tokens"]
)
def test_importing_molvae_loads_nothing_heavy(statement: str) -> None:
    loaded = json.loads(run_python(f"{statement}\n{LOADED}"))
    assert (HEAVY | {"click"}).isdisjoint(loaded)


@pytest.mark.parametrize(
    "arguments", [["--help"], ["--version"], ["train", "--help"], ["evaluate", "generation", "--help"]]
)
def test_help_loads_nothing_heavy(arguments: list[str]) -> None:
    code = f"""
import contextlib, io, sys
from molvae.cli.main import main
with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):
    main({arguments!r})
{LOADED}"""
    assert HEAVY.isdisjoint(json.loads(run_python(code)))


def test_every_exported_name_exists_and_is_listed() -> None:
    import molvae

    assert dir(molvae) == sorted(molvae.__all__)
    for name in molvae.__all__:
        assert getattr(molvae, name) is not None


def dotted_name_of(module: Path) -> str:
    return ".".join(module.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__")


def test_model_and_training_import_where_chemistry_is_not_installed() -> None:
    names = [name for name in map(dotted_name_of, MODULES) if name.startswith(WITHOUT_CHEMISTRY)]
    code = f"""
import importlib, sys
for library in {CHEMISTRY_AND_TOOLS!r}:
    sys.modules[library] = None  # importing it raises ImportError
for name in sys.argv[1:]:
    importlib.import_module(name)
print("imported")
"""
    assert run_python(code, *names) == "imported\n"


def test_importing_every_module_changes_no_global_state_and_prints_nothing() -> None:
    names = [name for name in map(dotted_name_of, MODULES) if not name.endswith("__main__")]
    code = """
import importlib, random, sys
import numpy, selfies, torch
from rdkit import rdBase

def state():
    return (
        random.getstate(), str(numpy.random.get_state()), torch.get_rng_state().tolist(), torch.get_num_threads(),
        torch.get_default_dtype(), torch.is_grad_enabled(), selfies.get_semantic_constraints(), rdBase.LogStatus(),
        sys.getrecursionlimit(),
    )

before = state()
for name in sys.argv[1:]:
    importlib.import_module(name)
assert state() == before, [a for a, b in zip(before, state()) if a != b]
"""
    assert run_python(code, *names) == ""
