"""What a client of another wire may ask for."""

from openshell import SandboxClient

with SandboxClient.from_active_cluster() as client:
    assert client.health().version
    assert [one.name for one in client.list(workspace="default")] == ["kept"]
    assert len(client.list_for_all_workspaces()) == 1
