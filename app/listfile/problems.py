"""What can be wrong with a list, named by a slug; the caller has the words, in the reader's language."""


class ListFileError(Exception):
    """The list cannot be used as it is; ``slug`` says why, ``values`` where (rows and columns, never a cell)."""

    def __init__(self, slug: str, **values: int | str) -> None:
        super().__init__(" ".join([slug, *(f"{name}={value}" for name, value in values.items())]))
        self.slug = slug
        self.values = values
