"""A client's end of the wire: frames over a Unix socket, one connection an object.

Every wait has a deadline, and nothing that the agent says is believed: what SPEC.md does not allow is a Misbehaviour.
"""
import os
import socket
import struct

from .schema import FRAME_TYPES

MAGIC = b"TSK1"
HEADER = struct.Struct("<4sIHHI")
MORE = 1
LONGEST_PAYLOAD = 1 << 20
LONGEST_TEXT = 4096
MOST_ELEMENTS = 65536
DEADLINE = 60  # seconds; the agent takes milliseconds where it is alone


class Misbehaviour(Exception):
    """The agent did what SPEC.md does not allow."""


class Closed(Exception):
    """The agent ended the connection between two frames."""


class AgentError(Exception):
    """The agent answered with ErrorAnswer."""

    def __init__(self, answer, request_id):
        self.code, self.sentence, self.request_id = answer.code, answer.sentence.decode(), request_id
        super().__init__(f"error {self.code}: {self.sentence}")


def require(holds, sentence):
    if not holds:
        raise Misbehaviour(sentence)


def frame(frame_type, payload, request_id, flags=0):
    return HEADER.pack(MAGIC, len(payload), frame_type, flags, request_id) + payload


class Connection:
    def __init__(self, path, classes):
        """Connected, nothing said. `classes` is the generated module."""
        self.classes = classes
        self.last_id = 0
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.settimeout(DEADLINE)
        if len(os.fsencode(path)) <= 107:
            self.socket.connect(path)
            return
        directory = os.open(os.path.dirname(path), os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            self.socket.connect(f"/proc/self/fd/{directory}/{os.path.basename(path)}")
        finally:
            os.close(directory)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    # ---- frames

    def send(self, data):
        try:
            self.socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            pass  # what the agent said before it closed, maybe why, can still be read

    def receive_bytes(self, count, between_frames=False):
        data = b""
        while len(data) < count:
            piece = self.socket.recv(count - len(data))
            if not piece and between_frames and not data:
                raise Closed
            require(piece, "the connection ended inside a frame")
            data += piece
        return data

    def receive(self):
        """(frame type, flags, request id, payload) of the next frame. Closed: there is none."""
        magic, length, frame_type, flags, request_id = HEADER.unpack(self.receive_bytes(HEADER.size, True))
        require(magic == MAGIC, f"a frame begins with {magic}")
        require(length <= LONGEST_PAYLOAD, f"a payload of {length} bytes")
        require(flags & ~MORE == 0, f"flags {flags:#x} are set")
        return frame_type, flags, request_id, self.receive_bytes(length)

    def closes(self):
        """True when the agent says nothing more and closes."""
        try:
            self.receive_bytes(1, True)
        except (Closed, ConnectionResetError):
            return True
        return False

    # ---- messages

    def read(self, name, payload):
        message = getattr(self.classes, name)()
        message.ParseFromString(payload)  # DecodeError: not what the schema says
        check_limits(message)
        return message

    def next_id(self):
        self.last_id += 1
        return self.last_id

    def hello(self, major=1):
        """The Welcome that the agent answers."""
        request = self.classes.Hello(major=major, client=b"python_client 1")
        (welcome,) = self.ask(request, "Welcome")
        require(welcome.major == 1, f"major {welcome.major} is welcome after hello 1")
        return welcome

    def ask(self, request, answer=None):
        """All parts of the answer to a message."""
        name = type(request).__name__
        answer = answer or name.replace("Request", "Answer")
        return self.ask_bytes(FRAME_TYPES[name], request.SerializeToString(), answer)

    def ask_bytes(self, frame_type, payload, answer):
        request_id = self.next_id()
        self.send(frame(frame_type, payload, request_id))
        return self.answer(request_id, answer)

    def answer(self, request_id, name):
        """The parts of the next answer, which must be that message for that request."""
        parts, more = [], True
        while more:
            frame_type, flags, answered_id, payload = self.receive()
            if frame_type == FRAME_TYPES["ErrorAnswer"]:
                require(not flags, "an error says that more follows")
                raise AgentError(self.read("ErrorAnswer", payload), answered_id)
            require(answered_id == request_id, f"request {answered_id} is answered, not {request_id}")
            require(frame_type == FRAME_TYPES[name], f"a frame of type {frame_type} is no {name}")
            parts.append(self.read(name, payload))
            more = flags & MORE
        return parts


def check_limits(message):
    """What SPEC.md's table of limits says of fields."""
    for field, value in message.ListFields():
        repeated = field.label == field.LABEL_REPEATED
        if repeated:
            require(len(value) <= MOST_ELEMENTS, f"{len(value)} elements in {field.full_name}")
        if field.type == field.TYPE_MESSAGE:
            for element in value if repeated else [value]:
                check_limits(element)
        elif field.type == field.TYPE_BYTES:
            longest = 262144 if field.full_name.endswith("ThreadStack.stack") else LONGEST_TEXT
            require(len(value) <= longest, f"{len(value)} bytes in {field.full_name}")
