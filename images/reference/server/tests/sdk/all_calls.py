"""Every call that the reference server serves, over the client files in XDG_CONFIG_HOME."""

import grpc
from openshell import SandboxClient
from openshell._proto import openshell_pb2 as api

WORKSPACE = "default"


def code_of(call):
    try:
        call()
    except grpc.RpcError as error:
        return error.code()
    return grpc.StatusCode.OK


with SandboxClient.from_active_cluster() as client:
    health = client.health()
    assert health.status == api.SERVICE_STATUS_HEALTHY, health
    assert health.version, health

    made = client.create(workspace=WORKSPACE, name="box", labels={"of": "test"})
    assert made.id and made.name == "box" and made.workspace == WORKSPACE, made
    again = code_of(lambda: client.create(workspace=WORKSPACE, name="box"))
    assert again == grpc.StatusCode.ALREADY_EXISTS, again
    ready = client.wait_ready("box", workspace=WORKSPACE, timeout_seconds=60)
    assert ready.id == made.id, ready
    assert client.get("box", workspace=WORKSPACE).labels == {"of": "test"}

    other = client.create(workspace=WORKSPACE)
    assert [one.name for one in client.list_all(workspace=WORKSPACE)] == ["box", other.name]
    assert len(client.list_all(workspace=WORKSPACE, page_size=1)) == 2
    assert client.list_ids(workspace=WORKSPACE, label_selector="of=test") == [made.id]
    assert len(client.list_all_for_all_workspaces()) == 2

    result = client.exec(
        "box", ["sh", "-c", "cat; echo $A; echo err >&2; exit 3"], workspace=WORKSPACE, stdin=b"in\n", env={"A": "b"}
    )
    assert (result.exit_code, result.stdout, result.stderr) == (3, "in\nb\n", "err\n"), result
    late = client.exec("box", ["sleep", "60"], workspace=WORKSPACE, timeout_seconds=1)
    assert late.exit_code == 124, late

    client.stop("box", workspace=WORKSPACE)
    client.wait_stopped("box", workspace=WORKSPACE, timeout_seconds=60)
    refused = code_of(lambda: client.exec("box", ["true"], workspace=WORKSPACE))
    assert refused == grpc.StatusCode.FAILED_PRECONDITION, refused
    client.start("box", workspace=WORKSPACE)
    client.wait_ready("box", workspace=WORKSPACE, timeout_seconds=60)

    client.delete("box", workspace=WORKSPACE)
    client.wait_deleted("box", workspace=WORKSPACE)
    missing = code_of(lambda: client.get("box", workspace=WORKSPACE))
    assert missing == grpc.StatusCode.NOT_FOUND, missing
    client.delete("box", workspace=WORKSPACE, allow_missing=True)
