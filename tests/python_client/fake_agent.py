"""Answers as a recorded agent did: each request with the frames that were recorded for its type, verbatim but for the
request id, and for the pid and start time in Welcome, which are those of the process that it stands in for.

    with FakeAgent(directory, pid, start, sessions, classes) as agent: ...

`edit(name, message)` may change a message of the agent's before it goes out. One client at a time, on a thread.
"""
import os
import socket
import threading

from .connection import DEADLINE, HEADER
from .schema import FRAME_TYPES
from .session import AGENT, CLIENT

NAMES = {number: name for name, number in FRAME_TYPES.items()}
UNKNOWN_REQUEST = 1


def answers_by_type(sessions):
    """{type of a request: the frames that answered it}; those of unknown requests under None."""
    answers = {}
    for turns in sessions:
        asked = {}
        for side, frame in turns:
            _, _, frame_type, _, request_id = HEADER.unpack_from(frame)
            if side == CLIENT:
                asked[request_id] = frame_type
            elif request_id in asked:
                key = asked[request_id] if asked[request_id] in NAMES else None
                answers.setdefault((key, id(turns)), []).append(frame)
    return {key: frames for (key, _), frames in answers.items()}


class FakeAgent:
    def __init__(self, directory, pid, start, sessions, classes, edit=None):
        self.pid, self.start, self.classes, self.edit = pid, start, classes, edit
        self.answers = answers_by_type(sessions)
        self.heard = []  # types of requests
        self.path = os.path.join(directory, f"{pid}-{start}.sock")
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.listener.bind(self.path)
        self.listener.listen(16)
        self.thread = threading.Thread(target=self.serve)
        self.thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)  # wakes accept()
        self.thread.join()
        self.listener.close()
        os.unlink(self.path)

    def serve(self):
        while True:
            try:
                client = self.listener.accept()[0]
            except OSError:
                return
            client.settimeout(DEADLINE)
            with client:
                try:
                    self.talk(client)
                except OSError:
                    pass  # it has gone

    def talk(self, client):
        while True:
            header = client.recv(HEADER.size, socket.MSG_WAITALL)
            if len(header) < HEADER.size:
                return
            _, length, frame_type, _, request_id = HEADER.unpack(header)
            if length:
                client.recv(length, socket.MSG_WAITALL)
            self.heard.append(frame_type)
            for frame in self.answers.get(frame_type) or self.answers[None]:
                client.sendall(self.edited(frame, request_id))

    def edited(self, frame, request_id):
        magic, _, frame_type, flags, _ = HEADER.unpack_from(frame)
        payload = frame[HEADER.size:]
        name = NAMES[frame_type]
        message = getattr(self.classes, name)()
        message.ParseFromString(payload)
        if name == "Welcome":
            message.pid, message.start_time_ticks = self.pid, self.start
        if self.edit:
            self.edit(name, message)
        if name == "Welcome" or self.edit:
            payload = message.SerializeToString()
        return HEADER.pack(magic, len(payload), frame_type, flags, request_id) + payload
