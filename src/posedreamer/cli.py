"""The command line: thin; each command calls one function of the package and prints what it returns."""

from __future__ import annotations

import logging
import math
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from posedreamer.errors import PoseDreamerError

__all__ = ["app", "main"]

app = typer.Typer(
    help="Generated human data with true labels.", no_args_is_help=True, add_completion=False, rich_markup_mode=None
)

train_app = typer.Typer(help="Train the models that the project brings along.", no_args_is_help=True)
app.add_typer(train_app, name="train")

RecipeName = Annotated[str, typer.Argument(help="A built-in recipe (see `recipes`) or a path ending in .yaml.")]
Seed = Annotated[int, typer.Option(min=0, help="The seed of every random draw.")]
Labels = Annotated[
    list[Path] | None,
    typer.Option(help="A motion file (.npz, .bvh) or a folder of them, in place of the recipe's labels; repeatable."),
]
Settings = Annotated[list[str] | None, typer.Option("--set", help="key=value on top of the recipe; repeatable.")]
DatasetPath = Annotated[Path, typer.Argument(help="A data set folder.")]


@app.command()
def generate(
    recipe: RecipeName = "demo",
    *,
    out: Annotated[Path, typer.Option(help="The data set folder; made, continued or extended.")],
    num: Annotated[int, typer.Option(min=1, help="How many samples to keep.")] = 32,
    seed: Seed = 0,
    labels: Labels = None,
    workers: Annotated[int | None, typer.Option(min=0, help="Worker processes; by default one per core.")] = None,
    settings: Settings = None,
) -> None:
    """Write a data set of NUM kept samples; run again to continue or, with a larger NUM, to extend."""
    from posedreamer.recipes.run import generate as run

    with _stoppable():
        result = run(recipe, out, num=num, seed=seed, labels=labels or (), workers=workers, settings=settings or ())
        typer.echo(result.text())


@app.command()
def plan(
    recipe: RecipeName = "demo",
    *,
    num: Annotated[int, typer.Option(min=1, help="How many samples the run would keep.")] = 1000,
    pilot: Annotated[int, typer.Option(min=0, help="Paint and judge this many labels to predict rate and time.")] = 0,
    seed: Seed = 0,
    labels: Labels = None,
    workers: Annotated[int | None, typer.Option(min=0, help="Worker processes the prediction is for.")] = None,
    settings: Settings = None,
) -> None:
    """Print every stage with what it needs; with --pilot also the keep rate, time and disk to expect."""
    from posedreamer.recipes.plan import plan as make_plan

    result = make_plan(
        recipe, num=num, pilot=pilot, seed=seed, labels=labels or (), workers=workers, settings=settings or ()
    )
    typer.echo(result.text())


@app.command()
def recipes() -> None:
    """List the built-in recipes."""
    from posedreamer.recipes.files import built_in_recipes

    for name, description in built_in_recipes().items():
        typer.echo(f"{name:22} {description}")


@app.command()
def inspect(
    dataset: DatasetPath,
    sample: Annotated[str | None, typer.Argument(help="A sample's id; all of it is shown.")] = None,
) -> None:
    """Show a data set in short, or one sample in full."""
    from posedreamer.web.inspect import inspect_text

    typer.echo(inspect_text(dataset, sample))


@app.command()
def verify(dataset: DatasetPath) -> None:
    """Check checksums, counts, ids, pictures and splits; exit 1 when something is wrong."""
    from posedreamer.dataset.verify import verify as check

    problems = check(dataset)
    for problem in problems:
        typer.echo(problem)
    typer.echo(f"{dataset}: {len(problems)} problem(s)" if problems else f"{dataset}: whole")
    if problems:
        raise typer.Exit(1)


@app.command()
def gate(
    dataset: DatasetPath,
    *,
    policy: Annotated[str, typer.Option(help="paper, strict, balanced, a path ending in .yaml, or recipe (its own).")],
    out: Annotated[Path | None, typer.Option(help="A new folder; without it the data set itself is changed.")] = None,
    num: Annotated[int | None, typer.Option(min=1, help="Keep at most this many; by default all that pass.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only print what would change.")] = False,
) -> None:
    """Gate a finished data set anew from its ledger; print what changes for whom."""
    from posedreamer.recipes.regate import regate

    typer.echo(regate(dataset, policy, out=out, num=num, dry_run=dry_run).text())


@app.command()
def repaint(
    dataset: DatasetPath,
    *,
    generator: Annotated[str, typer.Option(help="A generator's name, or a recipe's .yaml whose generator it is.")],
    out: Annotated[Path, typer.Option(help="The new data set's folder; made or continued.")],
    every: Annotated[bool, typer.Option("--all", help="All painted rows, not only those that were kept.")] = False,
    workers: Annotated[int | None, typer.Option(min=0, help="Worker processes; by default one per core.")] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="generator.options.key=value; repeatable.")
    ] = None,
) -> None:
    """Paint the ids and labels of a data set by another generator; the report of OUT compares the two."""
    from posedreamer.recipes.repaint import repaint as run

    with _stoppable():
        result = run(dataset, out, generator=generator, settings=settings or (), every=every, workers=workers)
        typer.echo(result.text())


@app.command()
def regenerate(
    dataset: DatasetPath,
    sample: Annotated[str, typer.Argument(help="A painted row's id, kept or not.")],
    out: Annotated[Path, typer.Argument(help="The picture to write, ending in .png.")],
) -> None:
    """Paint one row of a data set again, alone, and say how far it is from the stored picture."""
    from posedreamer.recipes.regenerate import write_again

    typer.echo(write_again(dataset, sample, out).text())


@app.command()
def report(
    dataset: DatasetPath,
    out: Annotated[Path | None, typer.Option(help="The page; by default DATASET/report.html.")] = None,
) -> None:
    """Write the self-contained HTML report."""
    from posedreamer.web.report import write_report

    typer.echo(f"report: {write_report(dataset, out)}")


@app.command()
def export(
    dataset: DatasetPath,
    out: Annotated[Path, typer.Argument(help="An empty or new folder.")],
    to: Annotated[str, typer.Option(help="The layout: coco.")] = "coco",
) -> None:
    """Write the data set in another layout."""
    from posedreamer.catalog import factory

    factory("export", to)(dataset, out)
    typer.echo(f"{to}: {out}")


@train_app.command()
def compact(
    *,
    out: Annotated[Path, typer.Option(help="The training folder; made, or gone on from.")],
    minutes: Annotated[float, typer.Option(help="Training time in all, over all sittings.")] = 150.0,
    sitting: Annotated[float | None, typer.Option(help="Minutes of this sitting; run again to go on.")] = None,
    device: Annotated[str, typer.Option(help="cpu or cuda.")] = "cpu",
    workers: Annotated[int | None, typer.Option(min=1, help="Processes that make pictures.")] = None,
    seed: Seed = 0,
    start: Annotated[Path | None, typer.Option(help="A weight file to begin from; by default nothing.")] = None,
    duel_from: Annotated[float, typer.Option(help="Share of the time at which the denoiser meets a critic.")] = 0.6,
    rollout_from: Annotated[float, typer.Option(help="Share at which it learns on what it draws itself.")] = 0.68,
    finish_from: Annotated[float, typer.Option(help="Share at which the finisher alone learns, with a critic.")] = 0.8,
    floor_share: Annotated[float, typer.Option(help="Share of extra labels that lie, crawl or bend.")] = 0.0,
) -> None:
    """Train the built-in diffusion generator, on studio pictures made on the spot."""
    from posedreamer.recipes.training import train_compact

    sitting_minutes = math.inf if sitting is None else sitting
    weights = train_compact(
        out,
        minutes=minutes,
        sitting_minutes=sitting_minutes,
        device=device,
        workers=workers,
        seed=seed,
        start=start,
        duel_from=duel_from,
        rollout_from=rollout_from,
        finish_from=finish_from,
        floor_share=floor_share,
    )
    typer.echo(f"weights: {weights}")


@app.command()
def doctor() -> None:
    """Say what is installed, what is missing and how to get it; exit 1 when something required is missing."""
    from posedreamer.recipes.doctor import examine

    findings = examine()
    table = Table(box=None, pad_edge=False)
    for heading in ("", "kind", "name", "detail"):
        table.add_column(heading, overflow="fold")
    for finding in findings:
        mark = "ok" if finding.is_present else "MISSING" if finding.is_required else "-"
        table.add_row(mark, finding.group, finding.name, escape(finding.detail))
        if finding.step:
            table.add_row("", "", "", escape(f"-> {finding.step}"))
    Console().print(table)
    if any(finding.is_required and not finding.is_present and finding.group != "weights" for finding in findings):
        raise typer.Exit(1)


@contextmanager
def _stoppable() -> Generator[None]:
    """Ctrl-C says how to go on."""
    try:
        yield
    except KeyboardInterrupt as stop:
        typer.echo(stop or "stopped; finished blocks are kept: run the same command again to continue", err=True)
        raise typer.Exit(130) from None


def main() -> None:
    """Entry point: errors of this package are one clear line and exit code 1."""
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    try:
        app()
    except PoseDreamerError as error:
        sys.stderr.write(f"error: {error}\n")
        sys.exit(1)


if __name__ == "__main__":
    main()
