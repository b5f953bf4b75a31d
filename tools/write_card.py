"""Write the model card: the prose of `card_template.md` with the numbers of `metrics.json`.

python -m tools.write_card [folder]
"""

import argparse
import json
from pathlib import Path
from string import Template

from tools.evaluate_model import CLEAR_FROM, MODEL, Accuracy, table

TEMPLATE = Path(__file__).with_name("card_template.md")


def main() -> None:
    """Rewrite the card of a model folder, for example after a change of wording."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", default=MODEL)
    write(parser.parse_args().folder)


def write(folder: Path) -> None:
    """Write `README.md` in `folder` from the `metrics.json` beside it."""
    metrics = json.loads((folder / "metrics.json").read_text())
    (folder / "README.md").write_text(render(metrics), encoding="utf-8")


def render(metrics: dict) -> str:
    """Return the text of the card."""
    recipe = metrics["recipe"]
    tables = {
        split: table({source: Accuracy(**a) for source, a in metrics[split].items()})
        for split in ("test", "validation")
    }
    minutes = f"{metrics['training_seconds'] / 60:.0f}"
    template = Template(TEMPLATE.read_text(encoding="utf-8"))
    return template.substitute(recipe, **tables, clear_from=CLEAR_FROM, minutes=minutes)


if __name__ == "__main__":
    main()
