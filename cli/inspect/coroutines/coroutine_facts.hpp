// Coroutine frames that were found in a process's memory, and what they stand for. Part of a snapshot: plain values,
// raw facts; chains, groups and wait reasons are analysis.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <tasks/protocol/vocabulary.hpp>

namespace tasks::inspect {

/// How sure a line is.
enum class Provenance : std::uint8_t {
    none,  ///< not known: "suspend #4"
    about, ///< near it: "~line"
    exact, ///< the line of the co_await
};

/// What a suspend point is in its coroutine's life.
enum class PointKind : std::uint8_t { initial, await, final };

/// One place at which a coroutine function can be suspended.
struct SuspendPoint {
    std::uint32_t number = 0; ///< in source order; 0 is the initial one
    PointKind kind = PointKind::await;
    Provenance provenance = Provenance::none;
    std::uint32_t line = 0;
    std::string file{};            ///< "" not known
    std::string awaiter{};         ///< demangled type of what is awaited; "" not known
    bool awaiter_inferred = false; ///< not proven

    bool operator==(const SuspendPoint&) const = default;
};

/// One coroutine function.
struct CoroutineFunction {
    std::string function{}; ///< demangled, without what the compiler adds: "session(tcp::socket)"
    std::string module{};   ///< path
    std::string file{};     ///< where it is declared; "" not known
    std::uint32_t line = 0;
    std::uint64_t resume = 0;           ///< address in the process of the function that resumes it
    std::uint64_t resume_size = 0;      ///< bytes of its code; 0: not known
    std::vector<SuspendPoint> points{}; ///< by number

    bool operator==(const CoroutineFunction&) const = default;
};

/// An argument or a local variable of one frame, as text: `id=17`.
struct FrameValue {
    std::string name{};
    std::string value{};
    bool local = false; ///< not an argument: it may not be initialised yet

    bool operator==(const FrameValue&) const = default;
};

/// One coroutine frame.
struct CoroutineFrame {
    static constexpr std::uint32_t no_point = ~0u;

    std::uint64_t address = 0;      ///< of the frame: std::coroutine_handle<>::address()
    std::uint64_t awaited_by = 0;   ///< the frame that its end will resume; 0: none, or not known
    std::uint64_t held_by = 0;      ///< a frame that has it in a variable, or in itself; 0: none known
    std::uint64_t size = 0;         ///< bytes; 0: not known
    std::uint64_t mark = 0;         ///< of its bytes: another one when they have changed; 0: not known
    std::uint32_t function = 0;     ///< index into CoroutineList::functions
    std::uint32_t point = no_point; ///< index into its points
    std::uint32_t tid = 0;          ///< the thread on which it runs now; 0: none
    protocol::State state = protocol::State::unknown; ///< waiting; done: at its final suspend point; running
    bool elided = false;                              ///< it lies in the frame `held_by`: proven to be a part of it
    bool inferred = false;            ///< it may be a frame that was freed, or its place in a chain is weak
    std::vector<FrameValue> values{}; ///< where asked for

    bool operator==(const CoroutineFrame&) const = default;
};

/// All that a scan found.
struct CoroutineList {
    std::vector<CoroutineFunction> functions;
    std::vector<CoroutineFrame> frames; ///< by address
    std::uint64_t scanned_bytes = 0;
    std::uint64_t unscanned_bytes = 0;  ///< beyond the limit, or unreadable
    std::uint64_t dropped = 0;          ///< frames that changed while they were read, or ended
    std::vector<std::uint64_t> at_work; ///< addresses of those that were there, and changed all the time
    std::uint64_t skew_ns = 0;          ///< between the first and the last byte read
    std::vector<std::string> problems;  ///< a sentence for each thing that keeps coroutines from being known
    bool values_read = false;           ///< arguments and locals were asked for
};

} // namespace tasks::inspect
