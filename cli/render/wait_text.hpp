// What a thread waits on, beside the reason: "0x55.. held by 4242 "worker-3" at charge()   pay.cpp:88", "socket
// 10.0.0.7:5432", "12 fds", "for 30s". Holds references, which must outlive it. One thread at a time.
#pragma once

#include <string>

#include "analysis/report.hpp"
#include "render/file_names.hpp"
#include "render/frames_text.hpp"

namespace tasks::render {

class WaitText {
public:
    WaitText(const inspect::StackReport& report, const FileNames& files)
        : report_(report), frames_(files, Colour(false), false) {}

    /// What is the same for all tasks of the group; "" where nothing is, or nothing is known.
    std::string of(const inspect::Group& group) const;

private:
    /// Of one task; `time`: how long.
    struct Told {
        std::string object;
        std::string kernel; ///< of an uninterruptible wait: where in the kernel
        std::string time;
        bool operator==(const Told&) const = default;
    };
    Told told(const inspect::TaskView& task, protocol::WaitReason reason) const;

    const inspect::StackReport& report_;
    FramesText frames_;
};

/// "4242 "worker-3"", "4242" where it has no name.
std::string who(const inspect::WaitGraph& waits, std::uint32_t tid);

/// "mutex 0x55d0", "rwlock 0x55d0".
std::string lock_name(const inspect::LockFacts& lock);

} // namespace tasks::render
