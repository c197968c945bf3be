"""Runs a program in gdb and reads variables twice at each stop: as gdb does, and from the locations it is given.

Started as `gdb -batch -x readVariables.py`, with the name of a JSON file in SIDESTEP_STOPS: {program, stops: [{address,
function, variables: [{name, byteSize, location}]}]}, all addresses run-time ones. Prints, for every variable at every stop, one
line of JSON: {address, name, gdb, ours}; a value is a hex string of bytes, or of an address for structures; "optimized out"; or
null where it could not be read.
"""

import json
import os
import struct

import gdb

REGISTERS = (
    "rax rdx rcx rbx rsi rdi rbp rsp r8 r9 r10 r11 r12 r13 r14 r15 rip".split()
)
MASK = (1 << 64) - 1


class Unavailable(Exception):
    pass


def signed(value, bits=64):
    value &= (1 << bits) - 1
    return value - (1 << bits) if value >> (bits - 1) else value


def register(number):
    if number < len(REGISTERS):
        return int(gdb.parse_and_eval("$" + REGISTERS[number])) & MASK
    vector = gdb.parse_and_eval("$xmm%d.v2_int64[0]" % (number - 17))
    return int(vector) & MASK


def memory(address, size):
    return bytes(gdb.selected_inferior().read_memory(address, size))


COMPUTE = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "and": lambda a, b: a & b,
    "or": lambda a, b: a | b,
    "xor": lambda a, b: a ^ b,
    "shl": lambda a, b: a << b if b < 64 else 0,
    "shrU": lambda a, b: a >> b if b < 64 else 0,
    "shrS": lambda a, b: signed(a) >> min(b, 63),
    "divS": lambda a, b: int(signed(a) / signed(b)),
    "remU": lambda a, b: a % b,
    "eq": lambda a, b: int(a == b),
    "ne": lambda a, b: int(a != b),
    "ltS": lambda a, b: int(signed(a) < signed(b)),
    "leS": lambda a, b: int(signed(a) <= signed(b)),
    "gtS": lambda a, b: int(signed(a) > signed(b)),
    "geS": lambda a, b: int(signed(a) >= signed(b)),
}


def run(operations):
    stack = []
    for operation in operations:
        op = operation["op"]
        if op == "const":
            stack.append(int(operation["value"]))
        elif op == "address":
            stack.append(int(operation["address"]))
        elif op == "register":
            stack.append(register(operation["register"]))
        elif op == "tls":
            base = int(gdb.parse_and_eval("$fs_base"))
            stack.append((base + int(operation["offset"])) & MASK)
        elif op == "load":
            stack.append(int.from_bytes(memory(stack.pop(), operation["size"]), "little"))
        elif op == "extend":
            bits = operation["bits"]
            value = stack.pop() & ((1 << bits) - 1)
            stack.append((signed(value, bits) if operation["signed"] else value) & MASK)
        elif op == "choose":
            stack.append(run(operation["then"] if stack.pop() else operation["otherwise"]))
        elif op == "missing":
            raise Unavailable()
        elif op == "neg":
            stack.append(-stack.pop() & MASK)
        elif op == "not":
            stack.append(~stack.pop() & MASK)
        elif op == "abs":
            stack.append(abs(signed(stack.pop())) & MASK)
        else:
            right = stack.pop()
            left = stack.pop()
            stack.append(COMPUTE[op](left, right) & MASK)
    (value,) = stack
    return value


def read(location, size):
    kind = location["kind"]
    if kind == "memory":
        return memory(run(location["address"]), size)
    if kind == "value":
        return run(location["value"]).to_bytes(8, "little")[:size]
    if kind == "register":
        return register(location["register"]).to_bytes(8, "little")[:size]
    if kind == "bytes":
        return bytes.fromhex(location["bytes"])[:size]
    if kind == "pieces":
        return b"".join(read(p["location"], p["byteSize"]) for p in location["pieces"])
    raise Unavailable()


SCALARS = (
    gdb.TYPE_CODE_INT,
    gdb.TYPE_CODE_PTR,
    gdb.TYPE_CODE_ENUM,
    gdb.TYPE_CODE_BOOL,
    gdb.TYPE_CODE_CHAR,
)


def truth(name, size):
    """gdb's value: bytes of a scalar, the address of anything else."""
    value = gdb.parse_and_eval(name)
    if value.is_optimized_out:
        return "optimized out"
    code = value.type.strip_typedefs().code
    if code == gdb.TYPE_CODE_REF:
        return (int(value.referenced_value().address) & MASK).to_bytes(8, "little")
    if code in SCALARS:
        return (int(value) & MASK).to_bytes(8, "little")[:size]
    if code == gdb.TYPE_CODE_FLT:
        return struct.pack("<f" if size == 4 else "<d", float(value))
    return None if value.address is None else "@%x" % int(value.address)


def select(function):
    """Selects the frame of `function` among the inlined ones at this address."""
    frame = gdb.newest_frame()
    pc = frame.pc()
    while frame is not None and frame.pc() == pc:
        if frame.name() is not None and frame.name().split("(")[0] == function:
            frame.select()
            return True
        frame = frame.older()
    return False


def compare(stop):
    if not select(stop["function"]):
        return
    for variable in stop["variables"]:
        name, size, location = variable["name"], variable["byteSize"], variable["location"]
        try:
            wanted = truth(name, size)
        except (gdb.error, TypeError):
            wanted = None
        try:
            if str(wanted).startswith("@") and location["kind"] == "memory":
                ours = "@%x" % run(location["address"])
            else:
                ours = read(location, size)
        except Unavailable:
            ours = "optimized out"
        show = lambda value: value.hex() if isinstance(value, bytes) else value
        print(
            json.dumps(
                {
                    "address": stop["address"],
                    "name": name,
                    "gdb": show(wanted),
                    "ours": show(ours),
                }
            )
        )


def main():
    with open(os.environ["SIDESTEP_STOPS"]) as file:
        request = json.load(file)
    gdb.execute("set pagination off")
    gdb.execute("set confirm off")
    gdb.execute("set debuginfod enabled off")
    gdb.execute("set print entry-values no")
    gdb.execute("file " + request["program"])
    stops = {int(stop["address"]): stop for stop in request["stops"]}
    gdb.execute("starti > /dev/null", to_string=True)
    for address in stops:
        gdb.Breakpoint("*%d" % address, internal=True)
    while True:
        gdb.execute("continue", to_string=True)
        if not gdb.selected_inferior().threads():
            break
        stop = stops.get(gdb.newest_frame().pc())
        if stop is not None:
            compare(stop)


main()
