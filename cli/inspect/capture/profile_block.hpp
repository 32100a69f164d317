// One block of a profile while its lines are read: a task, or a group of them, with what is known of its thread.
// Nothing is believed but kept within its type. Value type; one thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "capture/snapshot.hpp"

namespace tasks::inspect::profile {

/// The ages told on a block's first line.
struct Ages {
    std::uint64_t least_ns = 0;
    std::uint64_t most_ns = 0;
    bool last_ran = false; ///< of the threads, not of the tasks' states
};

struct Block {
    std::uint64_t count = 0; ///< 0: there is none
    protocol::Kind kind = protocol::Kind::unknown;
    protocol::State state = protocol::State::unknown;
    protocol::WaitReason wait_reason = protocol::WaitReason::none;
    std::optional<Ages> ages;
    std::string name;                ///< as shown; of threads without a job
    std::optional<std::uint64_t> id; ///< registered
    std::uint64_t object = 0;
    std::optional<std::uint64_t> started_ago_ns;
    std::uint32_t tid = 0;
    TaskFrameFacts frame;
    std::string label; ///< the field as it stands; "" none
    bool label_cut = false;
    std::optional<std::string> wait_place; ///< the line's text; set: the process said that it waits
    std::vector<std::string> scope_places; ///< outermost first
    std::uint32_t scopes_left_out = 0;
    std::vector<std::uint32_t> tids; ///< of a group
    std::optional<ThreadFacts> thread;
    std::uint64_t stack_bytes = 0; ///< announced
    bool in_stack = false;         ///< the lines of bytes come next
};

/// Takes the line `8 tasks  job  chan send "results"  2.000s`; false: it is none.
bool take_first_line(std::string_view line, Block& block);

/// Takes one of the indented lines; false where it does not keep to the grammar. Lines of later versions are passed
/// over.
bool take_detail(std::string_view line, Block& block);

} // namespace tasks::inspect::profile
