// Reads a profile, line by line, into a snapshot: the text that tasks::write_profile writes (protocol/PROFILE.md), from
// anywhere. Every count and length is capped; what is damaged is left out and told in Snapshot::incomplete, and so is
// an end that came too early. Does no I/O. One thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>

#include <tasks/protocol/result.hpp>

#include "capture/profile_block.hpp"
#include "capture/profile_places.hpp"
#include "capture/snapshot.hpp"

namespace tasks::inspect::profile {

class Parser {
public:
    static constexpr std::size_t max_line_bytes = 1u << 20; ///< the ids of 65,536 threads are half of it
    static constexpr std::uint64_t max_tasks = 1u << 22;    ///< 200 MiB, which one line of a group may claim
    static constexpr std::size_t max_threads = 65536;
    static constexpr std::size_t max_modules = 65536;
    static constexpr std::uint64_t max_stacks_bytes = 1ull << 30;

    Parser();

    /// One line without its end. False: this is no profile, or one of another version; problem() says so, to follow
    /// the file's name.
    bool take(std::string_view line);
    const std::string& problem() const noexcept { return problem_; }

    /// There was a line that cannot be taken: longer than max_line_bytes, or without its end. False as above.
    bool skip_line();
    /// The first line was taken; else there was none, as problem() then says.
    bool begun();

    /// When all lines were taken.
    Snapshot finish();

private:
    void judge(bool good_line) { bad_lines_ += good_line ? 0u : 1u; }
    bool take_title(std::string_view line);
    void take_top(std::string_view line);
    bool take_process(const std::vector<std::string_view>& fields);
    bool take_time(const std::vector<std::string_view>& fields);
    bool take_signal(std::string_view number, const std::vector<std::string_view>& fields);
    void take_terminate(const std::vector<std::string_view>& fields);
    bool take_module(const std::vector<std::string_view>& fields);
    bool take_end(const std::vector<std::string_view>& fields);
    void flush();
    void add_task(Block& block);
    void add_group(const Block& block);
    void add_member(const Block& block, TaskFacts task, std::uint64_t at, std::optional<std::uint64_t> age);
    static ThreadFacts thread_of_group(const Block& block, std::uint32_t tid, std::optional<std::uint64_t> last_ran);
    TaskFacts task_of(const Block& block);
    void add(const TaskFacts& task);
    void add(ThreadFacts thread);
    void tell_missing();

    Snapshot snapshot_;
    Places places_{snapshot_};
    Block block_;
    std::string problem_;
    std::unordered_set<std::uint32_t> tids_; ///< of the threads that are in
    std::uint64_t told_tasks_ = 0;           ///< by the end
    std::uint64_t seen_tasks_ = 0;
    std::uint64_t members_ = 0; ///< of groups
    std::uint64_t bad_lines_ = 0;
    std::uint64_t left_out_ = 0;
    std::uint64_t stack_bytes_ = 0;
    std::uint64_t without_build_id_ = 0;
    bool titled_ = false;
    bool groups_ = false;
    bool ended_ = false;
};

} // namespace tasks::inspect::profile
