// The host's wait reasons and the wire's are one list: this is where the build checks it.
#pragma once

#include <tasks/protocol/vocabulary.hpp>
#include <tasks/wait_reason.hpp>

namespace tasks::agent {

constexpr std::uint8_t number(wait_reason reason) noexcept { return static_cast<std::uint8_t>(reason); }

constexpr bool same(wait_reason ours, protocol::WaitReason wires) noexcept {
    return number(ours) == static_cast<std::uint8_t>(wires);
}

static_assert(same(wait_reason::none, protocol::WaitReason::none));
static_assert(same(wait_reason::unknown, protocol::WaitReason::unknown));
static_assert(same(wait_reason::chan_send, protocol::WaitReason::chan_send));
static_assert(same(wait_reason::chan_receive, protocol::WaitReason::chan_receive));
static_assert(same(wait_reason::select, protocol::WaitReason::select));
static_assert(same(wait_reason::mutex, protocol::WaitReason::mutex));
static_assert(same(wait_reason::rwlock_read, protocol::WaitReason::rwlock_read));
static_assert(same(wait_reason::rwlock_write, protocol::WaitReason::rwlock_write));
static_assert(same(wait_reason::cond, protocol::WaitReason::cond));
static_assert(same(wait_reason::semaphore, protocol::WaitReason::semaphore));
static_assert(same(wait_reason::barrier, protocol::WaitReason::barrier));
static_assert(same(wait_reason::join, protocol::WaitReason::join));
static_assert(same(wait_reason::future, protocol::WaitReason::future));
static_assert(same(wait_reason::sleep, protocol::WaitReason::sleep));
static_assert(same(wait_reason::timer, protocol::WaitReason::timer));
static_assert(same(wait_reason::io_read, protocol::WaitReason::io_read));
static_assert(same(wait_reason::io_write, protocol::WaitReason::io_write));
static_assert(same(wait_reason::io_accept, protocol::WaitReason::io_accept));
static_assert(same(wait_reason::io_connect, protocol::WaitReason::io_connect));
static_assert(same(wait_reason::poll, protocol::WaitReason::poll));
static_assert(same(wait_reason::futex, protocol::WaitReason::futex));
static_assert(same(wait_reason::await, protocol::WaitReason::await));
static_assert(same(wait_reason::nil, protocol::WaitReason::nil));
static_assert(same(wait_reason::not_started, protocol::WaitReason::not_started));
static_assert(same(wait_reason::signal, protocol::WaitReason::signal));
static_assert(same(wait_reason::child, protocol::WaitReason::child));
static_assert(same(wait_reason::lock_file, protocol::WaitReason::lock_file));
static_assert(same(wait_reason::message_queue, protocol::WaitReason::message_queue));
static_assert(same(wait_reason::job_queue, protocol::WaitReason::job_queue));
static_assert(same(wait_reason::once, protocol::WaitReason::once));

} // namespace tasks::agent
