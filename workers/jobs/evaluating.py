"""How well the models agree with people's labels in a file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from sqlmodel import Session

from listening.errors import NotFoundError
from listening.query import Document, Matcher, parse
from listening.store.brands.brands import aliases_of, brand_id, get_brand
from listening.store.bulk import chunked
from listening.store.tables import AliasKind
from workers.jobs.correcting import Labelled, corrected
from workers.jobs.labelling import CLASSES, LabelledFile, LabelledText, Task
from workers.jobs.scoring import named
from workers.progress import Progress, Silent

if TYPE_CHECKING:
    from nlp.types import Floats, Opinion, Target

BATCH = 512
MISTAKES = 10

Spans = list[tuple[int, int]]


class Reader(Protocol):
    """What reads texts: `workers.models.Models`."""

    @property
    def revision(self) -> str:
        """What an analysis by it is made with."""

    def analyse(
        self, texts: Sequence[str], *, targets: Sequence[Sequence[Target]] | None = None
    ) -> list[Opinion]:
        """As `nlp.opinions.analyse`."""


@dataclass(frozen=True, slots=True)
class NamedBrand:
    """A brand that rows name: its id in the store, if it is there, and where a text names it."""

    id: int | None
    places: Callable[[str], Spans]


@dataclass(frozen=True, slots=True)
class ReadText:
    """A labelled text and what the models say of it.

    Attributes:
        probabilities: (c,) of the task's classes; None where it is not scored.
        towards: read from the words that name the row's brand.
    """

    row: LabelledText
    opinion: Opinion
    probabilities: tuple[float, ...] | None
    towards: bool


@dataclass(slots=True)
class Evaluation:
    """Scores of a file.

    Attributes:
        labels, probabilities: of the n texts that were scored, (n,) and (n, c).
        not_scored: how many were not, by reason.
        towards: how many were read from the words that name the brand.
        corrected: how many carry a correction of their brand.
    """

    task: Task
    file: LabelledFile
    texts: list[LabelledText] = field(default_factory=list)
    probabilities: list[tuple[float, ...]] = field(default_factory=list)
    not_scored: Counter[str] = field(default_factory=Counter)
    towards: int = 0
    corrected: int = 0

    def as_dict(self) -> dict[str, Any]:
        """Everything, in plain types; figures are None where no text was scored."""
        from nlp import evaluate

        names = CLASSES[self.task]
        labels = [row.label for row in self.texts]
        found: dict[str, Any] = {
            "file": str(self.file.path),
            "task": self.task,
            "labels": len(self.file.texts),
            "scored": len(labels),
            "towards_brand": self.towards,
            "corrected": self.corrected,
            "not_scored": dict(sorted(self.not_scored.items())),
            "unreadable": [
                {"line": u.line, "field": u.field, "reason": u.reason} for u in self.file.unreadable
            ],
            "classes": list(names),
        }
        empty = ("macro_recall", "macro_f1", "accuracy", "expected_calibration_error")
        if not labels:
            return found | dict.fromkeys(empty) | {"confusion": [], "by_class": {}, "worst": []}
        p = np.array(self.probabilities, np.float32)
        said = p.argmax(axis=1)
        matrix = evaluate.confusion_matrix(labels, said, len(names))
        figures = (
            evaluate.macro_recall(labels, said),
            evaluate.macro_f1(labels, said),
            float((said == np.array(labels)).mean()),
            evaluate.expected_calibration_error(labels, p),
        )
        return (
            found
            | {name: round(value, 4) for name, value in zip(empty, figures, strict=True)}
            | {
                "confusion": matrix.tolist(),
                "by_class": {
                    name: {
                        "precision": round(one.precision, 4),
                        "recall": round(one.recall, 4),
                        "f1": round(one.f1, 4),
                        "labels": one.count,
                    }
                    for name, one in zip(names, evaluate.class_scores(matrix), strict=True)
                },
                "worst": [
                    self._mistake(one, names)
                    for one in evaluate.worst_mistakes(labels, p, most=MISTAKES)
                ],
            }
        )

    def _mistake(self, one: Any, names: Sequence[str]) -> dict[str, Any]:
        row = self.texts[one.position]
        return {
            "line": row.line,
            "brand": row.brand,
            "truth": names[one.truth],
            "said": names[one.said],
            "confidence": round(one.confidence, 4),
            "text": row.text,
        }


def named_brands(session: Session, names: Iterable[str]) -> dict[str, NamedBrand]:
    """Where texts name each brand: by its query where the store has it, else by its name.

    Raises:
        ListeningError: a name without a letter or digit.
    """
    found = {}
    for name in names:
        try:
            brand = get_brand(session, name)
        except NotFoundError:
            found[name] = NamedBrand(None, _by_words([name]))
            continue
        words = [brand.name, *aliases_of(session, brand, AliasKind.NAME)]
        found[name] = NamedBrand(brand_id(brand), _by_query(brand.query, _by_words(words)))
    return found


def _by_words(names: Sequence[str]) -> Callable[[str], Spans]:
    patterns = list(named(names).values())

    def places(text: str) -> Spans:
        return sorted({m.span() for pattern in patterns for m in pattern.finditer(text)})

    return places


def _by_query(query: str, otherwise: Callable[[str], Spans]) -> Callable[[str], Spans]:
    """A query may ask for what a labelled file does not hold, such as the source."""
    matcher = Matcher({0: parse(query)})

    def places(text: str) -> Spans:
        match = matcher.match(Document(text=text)).get(0)
        return list(match.spans) if match is not None and match.spans else otherwise(text)

    return places


def read_texts(
    models: Reader,
    rows: Sequence[LabelledText],
    brands: Mapping[str, NamedBrand],
    *,
    task: Task = "sentiment",
    progress: Progress | None = None,
) -> Iterator[list[ReadText]]:
    """Batches of rows with what the models say of them.

    Args:
        models: loaded.
        rows: their brands are looked up in `brands`.
        brands: by the name that rows give.
        task: which of the opinions.
        progress: told of every text.
    """
    progress = progress or Silent()
    progress.begin("Reading", len(rows))
    for batch in chunked(rows, BATCH):
        own = [brands.get(row.brand or "") for row in batch]
        targets: list[Spans] = [
            brand.places(row.text) if brand else [] for row, brand in zip(batch, own, strict=True)
        ]
        opinions = models.analyse(
            [row.text for row in batch], targets=[[t] if t else [] for t in targets]
        )
        yield [_read(row, o, task) for row, o in zip(batch, opinions, strict=True)]
        progress.advance(len(batch))
    progress.end()


def _read(row: LabelledText, opinion: Opinion, task: Task) -> ReadText:
    if task == "sentiment":
        towards = opinion.towards[0] if opinion.towards else None
        return ReadText(row, opinion, towards or opinion.sentiment, towards is not None)
    if task == "emotion":
        return ReadText(row, opinion, opinion.emotion, False)
    one = opinion.ironic if task == "irony" else opinion.offensive
    return ReadText(row, opinion, None if one is None else (1 - one, one), False)


def labelled_texts(
    models: Reader,
    rows: Sequence[LabelledText],
    brands: Mapping[str, NamedBrand],
    *,
    progress: Progress | None = None,
) -> list[Labelled]:
    """Labelled sentiment as `workers.jobs.correcting.tune` learns from it; what cannot be
    scored teaches nothing and is left out."""
    found = []
    for batch in read_texts(models, rows, brands, progress=progress):
        for one in batch:
            if one.probabilities is not None:
                negative, neutral, positive = one.probabilities
                three = (negative, neutral, positive)
                found.append(Labelled(one.row.text, one.row.label, three, one.opinion.vector))
    return found


def evaluate_file(
    models: Reader,
    file: LabelledFile,
    brands: Mapping[str, NamedBrand],
    *,
    task: Task = "sentiment",
    session: Session | None = None,
    progress: Progress | None = None,
) -> Evaluation:
    """Compare a file's labels with what the models say, as it counts.

    Args:
        models: loaded.
        file: of the same task.
        brands: by the name that rows give.
        task: what the labels are about.
        session: of the store whose corrections are put on; None: the models alone.
        progress: told of every text.
    """
    found = Evaluation(task, file)
    for batch in read_texts(models, file.texts, brands, task=task, progress=progress):
        scored = []
        for one in batch:
            if one.probabilities is None:
                found.not_scored[one.opinion.not_scored or "no such opinion"] += 1
            else:
                scored.append(one)
        found.texts += [one.row for one in scored]
        found.towards += sum(one.towards for one in scored)
        found.probabilities += _as_it_counts(models, scored, brands, task, session, found)
    return found


def _as_it_counts(
    models: Reader,
    scored: Sequence[ReadText],
    brands: Mapping[str, NamedBrand],
    task: Task,
    session: Session | None,
    found: Evaluation,
) -> list[tuple[float, ...]]:
    own = [one.probabilities or () for one in scored]
    named = [brands.get(one.row.brand or "") for one in scored]
    ids = [brand.id if brand else None for brand in named]
    places = [i for i, brand in enumerate(ids) if brand is not None]
    if session is None or task != "sentiment" or not places:
        return own
    vectors: Floats = np.stack([scored[i].opinion.vector for i in places])
    after, carried = corrected(
        session,
        [number for number in ids if number is not None],
        np.array([own[i] for i in places], np.float32),
        # As the store keeps them: what is evaluated is what counts.
        vectors.astype(np.float16).astype(np.float32),
        model=models.revision,
    )
    for place, row, correction in zip(places, after, carried, strict=True):
        if correction is not None:
            own[place] = tuple(float(p) for p in row)
            found.corrected += 1
    return own
