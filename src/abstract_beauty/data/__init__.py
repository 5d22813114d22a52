"""Pictures to train and to test on, from three kinds of source, brought to one form."""

from abstract_beauty.data.prepare import Entry, Manifest, Picture, load_split, prepare, read_manifest, summary

__all__ = ["Entry", "Manifest", "Picture", "load_split", "prepare", "read_manifest", "summary"]
