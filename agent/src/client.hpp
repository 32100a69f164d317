// One connection: reads requests, one at a time and in order, and sends their answers frame by frame as the socket
// takes them. Never blocks, never waits, allocates nothing; a peer that breaks the rules is told and left.
// Its memory: one request of at most 64 KiB, one frame of an answer, one list of threads, given by the server.
// While an answer goes out nothing more is read. On the agent's thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include <tasks/protocol/frame.hpp>

#include "answer.hpp"
#include "owned_fd.hpp"
#include "region.hpp"
#include "server.hpp"
#include "watched_fd.hpp"

namespace tasks::agent {

class Client {
public:
    static constexpr std::size_t in_bytes = protocol::header_bytes + max_request_bytes;
    static constexpr std::size_t out_bytes = protocol::header_bytes + part_bytes;
    static constexpr std::size_t memory_bytes =
        whole_pages(in_bytes) + whole_pages(out_bytes) + whole_pages(tid_list_bytes);

    static constexpr std::uint64_t idle_ns = 60'000'000'000; ///< between requests

    void take_memory(Region& region) noexcept;
    /// `stall_ns`: for a request that has begun, and for each frame of an answer.
    void open(OwnedFd socket, std::uint64_t now, std::uint64_t stall_ns) noexcept;

    bool is_open() const noexcept { return static_cast<bool>(socket_); }
    int socket() const noexcept { return socket_.get(); }

    /// What poll() is to wait for.
    short wanted_events() const noexcept;
    /// When it must be served even if nothing comes.
    std::uint64_t deadline() const noexcept;

    /// Does what can be done now: reads once, or makes and sends one frame. `events`: of poll(), 0 for none.
    void serve(short events, std::uint64_t now, const Service& service) noexcept;

    void close() noexcept;

private:
    bool sending() const noexcept { return sent_ < out_filled_; }
    bool request_waits() const noexcept;
    void go_on(std::uint64_t now, const Service& service) noexcept;
    bool receive(std::uint64_t now) noexcept;
    bool send_rest(std::uint64_t now) noexcept;
    void begin_answer(const Service& service) noexcept;
    void make_frame(std::uint64_t now, const Service& service) noexcept;
    void end_in_time(std::uint64_t now, const Service& service) noexcept;

    WatchedFd socket_;
    std::span<char> in_;
    std::span<char> out_;
    std::span<char> tids_;
    std::size_t in_filled_ = 0;
    std::size_t out_filled_ = 0;
    std::size_t sent_ = 0;
    std::uint64_t stall_ns_ = 0;
    std::uint64_t quiet_since_ = 0;   // the end of the last answer, or the beginning
    std::uint64_t request_since_ = 0; // the first byte of the request that is being read
    std::uint64_t frame_since_ = 0;   // the frame that is being sent
    bool greeted_ = false;
    bool over_ = false; // the connection ends when the frame is out
    Answer answer_;
};

/// Sends one error frame to a connection that is not taken in, as far as the socket takes it at once.
void turn_away(int socket, const Refusal& refusal) noexcept;

} // namespace tasks::agent
