// The first byte says in what pieces the text comes, the rest is the text.
#include "capture/profile_stream.hpp"

#include <algorithm>

#include "fuzz_entries.hpp"
#include "must.hpp"

namespace tasks::fuzz {

namespace {

using inspect::Snapshot;
using inspect::profile::Parser;

void check_tasks(const Snapshot& snapshot) {
    must(snapshot.tasks.size() <= Parser::max_tasks, "tasks keep their cap");
    for (const auto& task : snapshot.tasks) {
        must(task.scopes < snapshot.scope_lists.size(), "a task's scopes are there");
        must(task.wait_site < snapshot.sites.size(), "a task's wait site is there");
        must(task.label < snapshot.labels.size(), "a task's label is there");
        must(task.since_ns <= snapshot.taken_at_ns, "nothing begins after the profile");
    }
    for (const auto& list : snapshot.scope_lists) {
        must(list.sites.size() <= protocol::max_scopes, "scopes keep their cap");
        must(std::ranges::all_of(list.sites, [&](auto site) { return site < snapshot.sites.size(); }),
             "a scope's site is there");
    }
}

void check_threads(const Snapshot& snapshot) {
    must(snapshot.threads.size() <= Parser::max_threads, "threads keep their cap");
    std::uint64_t bytes = 0;
    for (const auto& thread : snapshot.threads) {
        must(thread.stack.size() <= protocol::max_stack_bytes, "a stack keeps its cap");
        must(thread.registers.size() <= protocol::max_registers, "registers keep their cap");
        must(thread.name.size() <= protocol::max_string_bytes, "a text keeps its cap");
        bytes += thread.stack.size();
    }
    must(bytes <= Parser::max_stacks_bytes, "stacks keep their cap");
    for (const auto& module : snapshot.modules) {
        must(module.start < module.end, "a module has a size");
    }
}

} // namespace

void profile(const std::uint8_t* data, std::size_t size) {
    if (size == 0) {
        return;
    }
    const std::size_t piece = data[0] == 0 ? size : data[0];
    std::string_view text{reinterpret_cast<const char*>(data) + 1, size - 1};
    Parser parser;
    inspect::profile::Stream stream{parser};
    bool wanted = true;
    for (; wanted && !text.empty(); text.remove_prefix(std::min(piece, text.size()))) {
        wanted = stream.take(text.substr(0, piece));
    }
    if (!wanted || !stream.finish()) {
        must(!parser.problem().empty(), "what is no profile has a sentence");
        return;
    }
    const auto snapshot = parser.finish();
    check_tasks(snapshot);
    check_threads(snapshot);
}

} // namespace tasks::fuzz
