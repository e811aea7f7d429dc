"""Lists of numbers as people have them, read without loss and in constant memory.

``detect`` finds encoding, separator, header and number column from the first bytes; ``chunks`` cuts the list into parts
whose rows can be written back byte for byte. No file is opened here: bytes come in, bytes go out.
"""

from app.listfile.chunking import Chunk, chunks, column
from app.listfile.encoding import Encoding
from app.listfile.layout import Layout, detect, is_rounded
from app.listfile.problems import ListFileError
from app.listfile.seen import Seen

__all__ = ["Chunk", "Encoding", "Layout", "ListFileError", "Seen", "chunks", "column", "detect", "is_rounded"]
