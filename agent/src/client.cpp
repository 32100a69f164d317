#include "client.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace tasks::agent {
namespace {

using protocol::FrameHeader;
using protocol::header_bytes;
using protocol::MessageType;

std::optional<FrameHeader> header_of(std::span<const char> bytes) noexcept {
    return protocol::read_header(bytes.first<header_bytes>());
}

void put_header(std::span<char> frame, MessageType type, bool more, std::uint32_t request_id,
                std::size_t payload) noexcept {
    const FrameHeader header{.payload_bytes = static_cast<std::uint32_t>(payload),
                             .type = static_cast<std::uint16_t>(type),
                             .flags = more ? protocol::flag_more : std::uint16_t{0},
                             .request_id = request_id};
    protocol::write_header(header, frame.first<header_bytes>());
}

/// What is left in the socket when it is closed makes the kernel tell the peer of a reset; what it sent before is
/// still read. A closing of our own accord takes what is there.
void drain(int socket) noexcept {
    std::array<char, 4096> rest;
    for (int at = 0; at < 64; ++at)
        if (::recv(socket, rest.data(), rest.size(), MSG_DONTWAIT) <= 0)
            return;
}

Refusal refusal(protocol::ErrorCode code, std::string_view sentence) noexcept {
    Refusal made{.code = code, .sentence = {}};
    made.sentence << sentence;
    return made;
}

Sentence in_words(std::uint64_t deadline_ns) noexcept {
    const std::uint64_t ms = deadline_ns / 1'000'000;
    Sentence sentence;
    sentence << "the request was not complete after ";
    return ms % 1000 == 0 ? sentence << ms / 1000 << " s" : sentence << ms << " ms";
}

} // namespace

void Client::take_memory(Region& region) noexcept {
    in_ = region.take(in_bytes);
    out_ = region.take(out_bytes);
    tids_ = region.take(tid_list_bytes);
}

void Client::open(OwnedFd socket, std::uint64_t now, std::uint64_t stall_ns) noexcept {
    socket_ = std::move(socket);
    stall_ns_ = stall_ns;
    in_filled_ = out_filled_ = sent_ = 0;
    quiet_since_ = now;
    greeted_ = over_ = false;
    answer_.drop();
}

void Client::close() noexcept {
    socket_.reset();
    answer_.drop();
    in_filled_ = out_filled_ = sent_ = 0;
    for (const std::span<char> piece : {in_, out_, tids_})
        release_pages(piece);
}

bool Client::request_waits() const noexcept {
    if (in_filled_ < header_bytes)
        return false;
    const auto header = header_of(in_);
    return !header || header->payload_bytes > max_request_bytes || in_filled_ >= header_bytes + header->payload_bytes;
}

short Client::wanted_events() const noexcept {
    return sending() || answer_.active() || request_waits() ? POLLOUT : POLLIN;
}

std::uint64_t Client::deadline() const noexcept {
    if (sending() || answer_.active() || request_waits())
        return frame_since_ + stall_ns_;
    return in_filled_ > 0 ? request_since_ + stall_ns_ : quiet_since_ + idle_ns;
}

/// False: the peer has gone.
bool Client::receive(std::uint64_t now) noexcept {
    const ssize_t got = ::recv(socket_.get(), in_.data() + in_filled_, in_.size() - in_filled_, MSG_DONTWAIT);
    if (got < 0) {
        if (errno == EPERM || errno == ENOSYS)
            turn_away(socket_.get(), refusal(protocol::ErrorCode::unknown,
                                             "a filter of system calls (seccomp) keeps this process from reading what "
                                             "you ask: recvfrom is refused"));
        return errno == EAGAIN || errno == EINTR;
    }
    if (got == 0)
        return false;
    if (in_filled_ == 0)
        request_since_ = now;
    in_filled_ += static_cast<std::size_t>(got);
    if (request_waits())
        frame_since_ = now;
    return true;
}

/// False: the peer has gone.
bool Client::send_rest(std::uint64_t now) noexcept {
    const ssize_t put = ::send(socket_.get(), out_.data() + sent_, out_filled_ - sent_, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (put < 0)
        return errno == EAGAIN || errno == EINTR;
    sent_ += static_cast<std::size_t>(put);
    if (sending())
        return true;
    out_filled_ = sent_ = 0;
    frame_since_ = quiet_since_ = now;
    return !over_;
}

/// Takes the request at the beginning of what was read.
void Client::begin_answer(const Service& service) noexcept {
    const auto header = header_of(in_);
    if (!header) {
        answer_.refuse(0, refusal(protocol::ErrorCode::bad_encoding, "the frame does not begin with TSK1"), true);
        return;
    }
    if (header->payload_bytes > max_request_bytes) {
        Refusal made = refusal(protocol::ErrorCode::too_large, "the request is announced with ");
        made.sentence << header->payload_bytes << " bytes, at most " << max_request_bytes << " are read";
        answer_.refuse(header->request_id, made, true);
        return;
    }
    const std::string_view payload{in_.data() + header_bytes, header->payload_bytes};
    answer_.begin(*header, payload, greeted_, as_numbers<std::uint32_t>(tids_), service);
    const std::size_t taken = header_bytes + header->payload_bytes;
    std::memmove(in_.data(), in_.data() + taken, in_filled_ - taken);
    in_filled_ -= taken;
}

void Client::make_frame(std::uint64_t now, const Service& service) noexcept {
    const std::uint32_t request_id = answer_.request_id();
    const MessageType type = answer_.type();
    over_ = answer_.is_last();
    const Part part = answer_.fill(out_.subspan(header_bytes), service);
    put_header(out_, type, part.more, request_id, part.bytes);
    out_filled_ = header_bytes + part.bytes;
    sent_ = 0;
    frame_since_ = now;
    if (in_filled_ > 0)
        request_since_ = now; // the next request could not be read on meanwhile
}

/// The deadline has passed. Where a frame is cut in the middle nothing more can be said.
void Client::end_in_time(std::uint64_t now, const Service& service) noexcept {
    if (sending() || answer_.active() || over_) {
        close();
        return;
    }
    Refusal late = refusal(protocol::ErrorCode::deadline, "nothing was asked for 60 s");
    if (in_filled_ > 0)
        late.sentence = in_words(stall_ns_);
    answer_.refuse(0, late, true);
    make_frame(now, service);
    send_rest(now);
    drain(socket_.get());
    close();
}

void Client::serve(short events, std::uint64_t now, const Service& service) noexcept {
    if (!socket_.ours()) // the host closed it
        return close();
    // What is ready comes before the deadline: after the whole process was stopped for a while, both are true.
    if (events != 0)
        go_on(now, service);
    if (is_open() && now >= deadline())
        end_in_time(now, service);
}

void Client::go_on(std::uint64_t now, const Service& service) noexcept {
    if (wanted_events() == POLLIN && !receive(now)) {
        close();
        return;
    }
    if (!sending() && !answer_.active() && request_waits())
        begin_answer(service);
    if (!sending() && answer_.active())
        make_frame(now, service);
    if (sending() && !send_rest(now)) {
        drain(socket_.get());
        close();
    }
}

void turn_away(int socket, const Refusal& refusal) noexcept {
    std::array<char, header_bytes + 512> frame;
    protocol::PartWriter writer{std::span{frame}.subspan(header_bytes)};
    writer.whole(protocol::ErrorAnswer{.code = refusal.code, .sentence = refusal.sentence.view()});
    put_header(frame, MessageType::error, false, 0, writer.bytes().size());
    ::send(socket, frame.data(), header_bytes + writer.bytes().size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    drain(socket);
}

} // namespace tasks::agent
