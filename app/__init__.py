"""The registry behind STOP 36200. One line a module, in reading order.

What comes in and goes out:
  cli/              the command line
  server.py         create_app: the routes, in one list
  edge.py           bodies with limits, problems, ids, metrics, one log line a request
  intake.py         operator webhook -> authenticated, attributed, committed, acknowledged
  recovery.py       watches the database, drains the spool when it is back
  quarantine.py     what waits in quarantine, run again after a secret or configuration is mended
  check/            bulk suppression check -> withheld, recorded before it is answered
  audit.py          exports: a zip that proves by itself
  evidence.py       verifying such a zip offline
  administration.py senders, codes, connections, keys
  client.py         the registry's API as `stop-registry check FILE` calls it
  listfile/         files of numbers as people really have them

What serves them:
  auth.py           who is calling: keys and roles
  registry.py       everything opened at start, in one place
  directory.py      senders, codes and connections in memory
  sequencer.py      the only writer of ledgers: many appends, one transaction, then the answers
  index.py          each sender's opposed tags in memory, caught up at every check
  alarms.py         what a person must know: opened once, closed once
  spool.py          received and not committed: sealed on disk until the database takes it
  queries/          one typed function per statement in sql/queries
  database/         pools, transactions, migrations, statements, the embedded PostgreSQL

What decides, without I/O:
  operators/        one module per provider: authenticate and decode a raw request
  appends.py        what one sequencer transaction writes
  standing.py       who is opposed: a pure function of the set of events
  attribution.py    which senders a message on a code concerns
  verdict.py        one reason per position of a batch
  tagset.py         a sorted set of tags that answers a million questions at once
  intent/           text -> what it asks for
  phone/            text -> E.164, one number or a million
  quiet_hours/      policy, territory, instant -> open, or closed until when
  inflate.py        gzip bodies unpacked within bounds
  tags.py           number -> 64-bit keyed tag
  keys.py           the root key: sealing, derivation, boxes
  ledger/           entries, Merkle tree, checkpoints, proofs
  receipts.py       signed receipts for operators
  replies.py        the texts people get back

  settings.py       the environment, read once
  errors.py         every error a caller can meet
  logs.py           JSON lines that can hold no number
  clock.py          where time and randomness enter
  archive.py        the zip around an export, byte for byte
  __main__.py       python -m app
"""

__version__ = "0.1.0"
