// QueueProbe: lets `tasks vitals` show how deep a queue of the host's is.
//
//     tasks::QueueProbe probe{"payments queue", [&queue] { return queue.size(); }};
//
// May be made and destroyed on any thread, not necessarily the same; not in a signal handler. A forked child has none.
#pragma once

#include <cstdint>
#include <utility>

#include <tasks/export.h>

namespace tasks {

/// The registration that a QueueProbe is made of. At most 64 live at once; what finds no room is not shown, and
/// vitals say how many. Constructor and destructor take a lock that is held while probes are called.
class TASKS_EXPORT QueueProbeBase {
public:
    QueueProbeBase(const QueueProbeBase&) = delete;
    QueueProbeBase& operator=(const QueueProbeBase&) = delete;

    /// False: there was no room.
    bool registered() const noexcept { return slot_ != 0; }

protected:
    using Depth = std::uint64_t (*)(const void* queue) noexcept;
    QueueProbeBase() noexcept = default;
    ~QueueProbeBase() = default;

    /// `name` is a literal, of which 128 bytes are shown. `depth` may be called from now on.
    void add(const char* name, Depth depth, const void* queue) noexcept;
    /// Returns when no call of the probe is under way.
    void remove() noexcept;

private:
    std::uint32_t slot_ = 0;
    bool left_out_ = false;
};

/// `depth()` tells how many items wait in the queue now. The agent's thread calls it when somebody asks for vitals, and
/// at no other time; while it hangs the agent answers nobody, and `tasks` reads the table instead. So it should not
/// take a lock that is held while the queue's work is done; an atomic counter is best. It must not throw, and must not
/// make or destroy a QueueProbe.
template <class DepthFunction> class QueueProbe : private QueueProbeBase {
public:
    QueueProbe(const char* name, DepthFunction depth) noexcept : depth_(std::move(depth)) {
        add(
            name,
            [](const void* probe) noexcept -> std::uint64_t {
                return static_cast<std::uint64_t>(static_cast<const QueueProbe*>(probe)->depth_());
            },
            this);
    }
    ~QueueProbe() { remove(); }

    using QueueProbeBase::registered;

private:
    DepthFunction depth_;
};

} // namespace tasks
