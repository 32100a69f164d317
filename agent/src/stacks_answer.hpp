// The answer to a StacksRequest, made part by part while it goes out: the modules first, then each thread, captured
// when its turn comes. Keeps the list of threads in its client's memory and its place in it. A part takes about 2 ms
// at most, so that other clients wait no longer. Capturing (not waiting for the reader) has 500 ms: threads whose
// turn did not come are reported so. Threads that run come last, where the host opted in to the capture signal: up to
// 64 are asked at once, and have 400 ms. On the agent's thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include <tasks/protocol/messages.hpp>

#include "answer_context.hpp"
#include "request_reader.hpp"
#include "signal_capture.hpp"
#include "workspace.hpp"

namespace tasks::agent {

/// A part of an answer, in the memory that it was written to.
struct Part {
    std::size_t bytes = 0;
    bool more = false; ///< further parts follow
};

/// A part must have room for the largest stack and what stands beside it.
inline constexpr std::size_t part_bytes = 320 * 1024;

class StacksAnswer {
public:
    /// `tids`: the client's memory; its first order.tid_count numbers are the threads asked for.
    StacksAnswer(const StacksOrder& order, std::span<std::uint32_t> tids) noexcept;

    /// Lists the threads where none were named. False: /proc does not tell them.
    bool begin(const AnswerContext& context, Workspace& workspace) noexcept;

    Part fill(std::span<char> memory, const AnswerContext& context, Workspace& workspace) noexcept;

    /// Nobody wants the rest: what running threads still answer is not waited for.
    void abandon() noexcept;

private:
    bool add_modules(protocol::PartWriter& writer, const AnswerContext& context, Workspace& workspace) noexcept;
    bool add_threads(protocol::PartWriter& writer, std::size_t room, const AnswerContext& context,
                     Workspace& workspace) noexcept;
    bool add_running(protocol::PartWriter& writer, std::size_t room, ThreadCapture& capture) noexcept;
    void send_signals(protocol::PartWriter& writer, ThreadCapture& capture) noexcept;
    bool add_answered(protocol::PartWriter& writer, std::size_t room, ThreadCapture& capture) noexcept;
    void give_up(protocol::PartWriter& writer, std::size_t room, ThreadCapture& capture) noexcept;
    bool has_room(const protocol::PartWriter& writer, std::size_t room) const noexcept;

    /// A running thread that was sent the signal.
    struct Asked {
        SignalCapture::Ticket ticket = 0;
        std::uint32_t tid = 0;
    };

    CaptureSettings settings_;
    std::span<std::uint32_t> tids_; // the client's memory
    std::size_t count_ = 0;         // of threads in it; 0 before begin(): all are wanted
    std::size_t next_ = 0;
    std::uint64_t next_module_ = 0; // address
    std::uint64_t spent_ns_ = 0;    // on capturing
    std::size_t running_ = 0;       // of threads that ran, at the front of tids_
    std::size_t signalled_ = 0;     // of these
    std::uint64_t signals_until_ns_ = 0;
    std::array<Asked, SignalCapture::slot_count> asked_{};
    std::size_t asked_count_ = 0;
    bool begun_ = false;
    bool modules_done_ = false;
};

} // namespace tasks::agent
