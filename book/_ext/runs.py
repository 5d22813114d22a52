"""Runs that readers sent, from results/runs: `{runs-table}`, and `{runs-gallery}` with what each made of a picture.

Every card is checked when the book is built; a malformed one is a warning that names the file and the key.
"""

import html
import shutil
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from sphinx.util.typing import ExtensionMetadata

from abstract_beauty.book.run_card import CARD, RunCard, read_card
from abstract_beauty.errors import UserError

COLUMNS = (
    "Run",
    "By",
    "Pictures",
    "Good predictor, of Telea's error",
    "Best improver",
    "On",
    "Hours",
    "Commit",
)

FIRST = ("photograph", "prediction")


def best(card: RunCard) -> str:
    """The improver that is furthest below the best filter among those that keep nine tenths; a dash for none."""
    kept = {
        name: row.error_judge - row.best_filter
        for name, row in card.improvers.items()
        if row.best_filter is not None
        and min(row.contrast_kept, row.high_frequency_kept) >= 0.9
        and row.change > 0.002
    }
    if not kept:
        return "–"
    name = min(kept, key=kept.__getitem__)
    gap = f"{kept[name]:+.4f}".replace("-", "\N{MINUS SIGN}")
    return f"{name.replace('_', ' ')} ({gap})"


class _Runs(SphinxDirective):
    def cards(self) -> tuple[Path, list[RunCard]]:
        folder = (Path(self.env.srcdir) / self.config.results_root).resolve() / "runs"
        cards = [read_card(path) for path in sorted(folder.glob("[!.]*")) if path.is_dir()]
        for card in cards:
            self.env.note_dependency(str(folder / card.name / CARD))
        return folder, cards

    def run(self) -> list[nodes.Node]:
        try:
            folder, cards = self.cards()
        except UserError as error:
            return [self.state.document.reporter.warning(f"runs: {error}", line=self.lineno)]
        return self.show(folder, cards) if cards else [nodes.paragraph(text="No run has been sent yet.")]

    def show(self, folder: Path, cards: list[RunCard]) -> list[nodes.Node]:
        raise NotImplementedError


class RunsTable(_Runs):
    """A row a run."""

    def show(self, folder: Path, cards: list[RunCard]) -> list[nodes.Node]:
        group = nodes.tgroup(cols=len(COLUMNS))
        group += [nodes.colspec(colwidth=1) for _ in COLUMNS]
        rows = [
            (
                card.name,
                card.author or "–",
                f"{card.pictures}, {card.train_pictures:,}",
                f"{card.predictors['good'].of_telea:.2f}" if "good" in card.predictors else "–",
                best(card),
                card.hardware.device,
                f"{card.hardware.hours:.2f}",
                card.commit[:10],
            )
            for card in cards
        ]
        for kind, lines in ((nodes.thead, [COLUMNS]), (nodes.tbody, rows)):
            body = kind()
            for line in lines:
                row = nodes.row()
                for cell in line:
                    row += nodes.entry("", nodes.paragraph(text=cell))
                body += row
            group += body
        return [nodes.table("", group, classes=["results-table"])]


def place(label: str) -> tuple[int, str]:
    """Where a thumbnail stands: the photograph, its prediction, then the improvers by name."""
    return (FIRST.index(label) if label in FIRST else len(FIRST), label)


class RunsGallery(_Runs):
    """For each run its note, what it changed, and its thumbnails."""

    def show(self, folder: Path, cards: list[RunCard]) -> list[nodes.Node]:
        found: list[nodes.Node] = []
        target = Path(self.env.app.outdir) / "_images" / "runs"
        for card in cards:
            found.append(nodes.rubric(text=card.name))
            words = [card.note or "No note.", f"{card.date}."]
            if card.changes:
                names = list(card.changes)
                more = f" and {len(names) - 6} more" if len(names) > 6 else ""
                words.append(f"Changed from the default: {', '.join(names[:6])}{more}.")
            found.append(nodes.paragraph(text=" ".join(words)))
            (target / card.name).mkdir(parents=True, exist_ok=True)
            items = []
            up = "../" * self.env.docname.count("/")
            for label, file in sorted(card.thumbnails.items(), key=lambda item: place(item[0])):
                shutil.copyfile(folder / card.name / file, target / card.name / file)
                name = html.escape(label.replace("_", " "))
                items.append(
                    f'<figure><img loading="lazy" src="{up}_images/runs/{card.name}/{file}" alt="{name}, {card.name}">'
                    f"<figcaption>{name}</figcaption></figure>"
                )
            found.append(nodes.raw("", f'<div class="runs-gallery">{"".join(items)}</div>', format="html"))
        return found


def setup(app: Sphinx) -> ExtensionMetadata:
    """Register the directives."""
    app.add_directive("runs-table", RunsTable)
    app.add_directive("runs-gallery", RunsGallery)
    return {"version": "1", "parallel_read_safe": False}
