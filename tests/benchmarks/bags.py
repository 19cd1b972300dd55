"""The plain baseline of opinions: a linear model on bags of words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from nlp.training.data import semeval_sentiment, tweeteval_validation
from nlp.types import Floats


def bag_of_words(data: Path) -> Callable[[Sequence[str]], Floats]:
    """Trained on our sentiment tweets; gives (n, 3) probabilities of prepared texts."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    train = semeval_sentiment(data, without=tweeteval_validation(data).texts)
    model = make_pipeline(
        TfidfVectorizer(ngram_range=(1, 2), min_df=3, sublinear_tf=True),
        LogisticRegression(class_weight="balanced", max_iter=300),
    ).fit(train.texts, train.labels)
    return lambda texts: np.asarray(model.predict_proba(list(texts)), np.float32)
