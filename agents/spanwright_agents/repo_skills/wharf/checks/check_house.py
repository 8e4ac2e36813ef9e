"""What holds for all of the code."""

import ast
import importlib
import unittest
from pathlib import Path

from tools.make_zones import SOURCE, TARGET, made
from wharf import errors, surcharges
from wharf.carriers import CARRIERS

ROOT = Path(__file__).resolve().parents[1]
MODULES = sorted((ROOT / "wharf").rglob("*.py"))


def trees():
    for path in MODULES:
        yield str(path.relative_to(ROOT)), ast.parse(path.read_text(encoding="utf-8"))


class House(unittest.TestCase):
    def test_every_carrier_is_known(self):
        for path in sorted((ROOT / "wharf" / "carriers").glob("[a-z]*.py")):
            module = importlib.import_module(f"wharf.carriers.{path.stem}")
            self.assertIs(CARRIERS.get(module.NAME), module, f"{path.stem} is not in CARRIERS of wharf/carriers/__init__.py")
        self.assertEqual(list(CARRIERS), sorted(CARRIERS), "CARRIERS is not sorted by name")

    def test_the_table_of_zones_is_as_it_was_made(self):
        self.assertEqual(
            TARGET.read_text(encoding="utf-8"),
            made(SOURCE.read_text(encoding="utf-8")),
            "wharf/zones_table.py is not what `python -m tools.make_zones` makes of data/zones.csv",
        )

    def test_there_are_no_fractions_of_cents(self):
        for path, tree in trees():
            for node in ast.walk(tree):
                floats = isinstance(node, ast.Constant) and isinstance(node.value, float)
                divides = isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div)
                self.assertFalse(floats or divides, f"{path}: `{ast.unparse(node)}` is a float among integer cents")

    def test_errors_stand_together(self):
        for path, tree in trees():
            for node in ast.walk(tree):
                if path != "wharf/errors.py" and isinstance(node, ast.ClassDef):
                    bases = {ast.unparse(base) for base in node.bases}
                    known = {"Exception", "ValueError", *(name for name in vars(errors) if name[0].isupper())}
                    self.assertFalse(bases & known, f"{node.name} is an error, and stands in {path}, not in wharf/errors.py")
                if isinstance(node, ast.Raise) and node.exc is not None:
                    raised = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
                    self.assertTrue(
                        hasattr(errors, ast.unparse(raised)),
                        f"{path} raises {ast.unparse(raised)}, which is not in wharf/errors.py",
                    )

    def test_every_error_has_a_code_of_its_own(self):
        codes = [each.code for each in vars(errors).values() if isinstance(each, type)]
        self.assertEqual(len(set(codes)), len(codes), f"two errors of wharf/errors.py have one code: {sorted(codes)}")

    def test_surcharges_are_named_as_such(self):
        functions = [node.name for path, tree in trees() if path == "wharf/surcharges.py" for node in tree.body if isinstance(node, ast.FunctionDef)]
        for name in functions:
            self.assertTrue(name.endswith("_surcharge"), f"wharf/surcharges.py: the name {name!r} does not end with _surcharge")
        self.assertEqual(functions, [each.__name__ for each in surcharges.ORDER], "ORDER is not the order of the functions")
