"""Is the database the one that this node has cleared from, or one that goes on from there."""

from collections.abc import Sequence

from app.doctor.finding import Finding, fail, ok
from app.registry import Registry

WAY_OUT = (
    "Put the right database, or the witness file, back; a further node takes a copy of another node's file. If the "
    "loss is final: bring the operators' lists in (`stop-registry operator reconcile`, `stop-registry import`), then "
    "`stop-registry doctor --accept-restore --reason …`"
)


async def check(registry: Registry) -> Sequence[Finding]:
    """Tell what stands in the way of clearing anybody."""
    refusals = registry.witness.refusals()
    if not refusals:
        return [ok("witness", f"every ledger goes on from what {registry.settings.witness_path} has seen")]
    return [fail("witness", f"{error} {WAY_OUT}") for error in refusals]
