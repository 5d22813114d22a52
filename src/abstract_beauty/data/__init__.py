"""Pictures to train and to test on, from three kinds of source, brought to one form."""

from abstract_beauty.data.prepare import Entry, Manifest, Picture, load_split, prepare, read_manifest, summary
from abstract_beauty.data.records import Skip

__all__ = ["Entry", "Manifest", "Picture", "Skip", "load_split", "prepare", "read_manifest", "summary"]
