// What each fuzzer runs on its input: reads it as its parser does and checks what must hold whatever the bytes are;
// aborts where it does not. The unit tests run the corpora through the same functions.
#pragma once

#include <cstddef>
#include <cstdint>

namespace tasks::fuzz {

/// The bytes are a stream; the first says in what pieces it comes.
void frame_decoder(const std::uint8_t* data, std::size_t size);

/// The first byte says which message; the rest is its payload.
void messages(const std::uint8_t* data, std::size_t size);

/// Changes to a good table, see table_fuzz.cpp.
void table(const std::uint8_t* data, std::size_t size);

/// The first byte says in what pieces the text of a profile comes.
void profile(const std::uint8_t* data, std::size_t size);

/// The first byte says how many thread ids there is room for; the rest is a request's payload, as the agent reads it.
void request_reader(const std::uint8_t* data, std::size_t size);

/// What a peer answers the command, see answers_fuzz.cpp.
void answers(const std::uint8_t* data, std::size_t size);

/// The bytes of a perf event's ring.
void perf_records(const std::uint8_t* data, std::size_t size);

/// A program's file.
void program_headers(const std::uint8_t* data, std::size_t size);

/// The first byte says in what pieces a saved snapshot comes.
void snapshot(const std::uint8_t* data, std::size_t size);

/// The notes of a core file.
void core_notes(const std::uint8_t* data, std::size_t size);

/// An ELF file that a process has mapped.
void module(const std::uint8_t* data, std::size_t size);

/// An ELF file with coroutine functions, see coroutines_fuzz.cpp.
void coroutines(const std::uint8_t* data, std::size_t size);

} // namespace tasks::fuzz
