"""Compares the reference server's descriptors (the file that is named) with those of the installed SDK."""

import sys

from google.protobuf import descriptor_pb2, descriptor_pool
from openshell._proto import openshell_pb2  # noqa: F401 (loads the SDK's descriptors)

# Read as bytes, because clients of another wire send text there.
LENIENT = {"openshell.v1.ListSandboxesRequest.workspace_scope"}

ours = descriptor_pb2.FileDescriptorSet()
with open(sys.argv[1], "rb") as file:
    ours.ParseFromString(file.read())
sdk = descriptor_pool.Default()
compared = 0


def compare_message(name, message):
    global compared
    theirs = sdk.FindMessageTypeByName(name)
    for field in message.field:
        known = theirs.fields_by_name[field.name]
        assert known.number == field.number, (name, field.name)
        if f"{name}.{field.name}" not in LENIENT:
            assert known.type == field.type, (name, field.name)
        compared += 1
    for nested in message.nested_type:
        compare_message(f"{name}.{nested.name}", nested)


for file in ours.file:
    if not file.package.startswith("openshell."):
        continue
    for message in file.message_type:
        compare_message(f"{file.package}.{message.name}", message)
    for enum in file.enum_type:
        theirs = sdk.FindEnumTypeByName(f"{file.package}.{enum.name}")
        for value in enum.value:
            assert theirs.values_by_name[value.name].number == value.number, (enum.name, value.name)
    for service in file.service:
        theirs = sdk.FindServiceByName(f"{file.package}.{service.name}")
        for method in service.method:
            known = theirs.methods_by_name[method.name]
            assert f".{known.input_type.full_name}" == method.input_type, method.name
            assert f".{known.output_type.full_name}" == method.output_type, method.name
            assert known.client_streaming == method.client_streaming, method.name
            assert known.server_streaming == method.server_streaming, method.name
assert compared > 50, compared
