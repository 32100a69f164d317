// Captures threads that run, where the host opted in (AgentOptions::capture_signal): each is sent the signal, its
// handler copies the interrupted registers and up to 16 KiB of stack into a slot, 2-5 us, and the agent's thread
// collects what was answered. Many are under way at once: 64 spinning threads on two cores took 7-9 s one after the
// other, 0.35-0.47 s together. A thread that does not answer in time is told as running, and may answer later: its slot
// is not used again before.
// The slots and the handler stay when the agent stops: a signal may still be on its way, and its default would end the
// process. send() and collect() are for the agent's thread; the handler is async-signal-safe and keeps errno.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include <tasks/protocol/messages.hpp>

namespace tasks::agent {

class SignalCapture {
public:
    static constexpr std::size_t slot_count = 64;
    static constexpr std::size_t most_stack_bytes = 16 * 1024;

    /// Which capture of a slot; 0: none.
    using Ticket = std::uint32_t;

    /// Takes the signal for this process, the first time; 0: none is wanted from now on. False: it cannot be had, and
    /// `problem` says why. One signal a process; on the host's thread that starts the agent, under the lock of those:
    /// none of its own, which a forked child might find shut.
    static bool install(int signal, std::string& problem);

    /// Whether running threads are to be captured.
    static bool ready() noexcept;

    /// Asks a thread of this process. 0: no slot is free now, or the thread has gone.
    static Ticket send(std::uint32_t tid, std::size_t stack_bytes) noexcept;

    /// How many answers came ever.
    static std::uint32_t answers() noexcept;
    /// Waits until more than `seen` came, at most that long.
    static void wait(std::uint32_t seen, std::uint64_t most_ns) noexcept;

    /// The answer, in the slot's memory until done() is called; nothing: not yet there.
    static std::optional<protocol::ThreadStack> collect(Ticket ticket) noexcept;

    /// Gives the slot back, answered or not.
    static void done(Ticket ticket) noexcept;

private:
    static bool take(int signal, std::string& problem);
};

} // namespace tasks::agent
