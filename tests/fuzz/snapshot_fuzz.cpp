// The first byte says in what pieces the file comes, the rest is the file of --save.
#include "saved/snapshot_reader.hpp"

#include <algorithm>

#include "analysis/analyse.hpp"
#include "analysis/saved_names.hpp"
#include "fuzz_entries.hpp"
#include "must.hpp"
#include "saved/snapshot_format.hpp"
#include "saved/snapshot_writer.hpp"

namespace tasks::fuzz {

namespace {

using inspect::Snapshot;

void check(const Snapshot& snapshot) {
    must(snapshot.names.has_value(), "names are there, if only none");
    for (const auto& task : snapshot.tasks) {
        must(task.scopes < snapshot.scope_lists.size(), "a task's scopes are there");
        must(task.wait_site < snapshot.sites.size(), "a task's wait site is there");
        must(task.label < snapshot.labels.size(), "a task's label is there");
    }
    for (const auto& list : snapshot.scope_lists) {
        must(std::ranges::all_of(list.sites, [&](auto site) { return site < snapshot.sites.size(); }),
             "a scope's site is there");
    }
    for (const auto& thread : snapshot.threads) {
        must(thread.saved_stack < snapshot.names->stacks.size(), "a thread's stack is there");
        must(thread.stack.size() <= protocol::max_stack_bytes, "a stack keeps its cap");
        must(thread.name.size() <= inspect::saved::max_text_bytes, "a text keeps its cap");
    }
    for (const auto& stack : snapshot.names->stacks) {
        must(stack.exact.size() == stack.pcs.size(), "each program counter is exact or not");
    }
}

/// What every verb makes of it; nothing here may end us.
void use(const Snapshot& snapshot) {
    const auto source = inspect::source_of(*snapshot.names);
    const auto stacks = inspect::analyse_stacks(snapshot, source, {});
    const auto vitals = inspect::analyse_vitals(snapshot);
    const auto waits = inspect::analyse_waits(snapshot, source, inspect::Places::all);
    must(stacks.groups.size() <= snapshot.tasks.size() + snapshot.threads.size(), "a group has tasks");
    must(vitals.by_kind.size() <= 5 && waits.edges.size() <= snapshot.threads.size(), "counts are counts");
}

} // namespace

void snapshot(const std::uint8_t* data, std::size_t size) {
    if (size == 0) {
        return;
    }
    const std::size_t piece = data[0] == 0 ? size : data[0];
    std::string_view bytes{reinterpret_cast<const char*>(data) + 1, size - 1};
    inspect::SnapshotReader reader;
    bool wanted = true;
    for (; wanted && !bytes.empty(); bytes.remove_prefix(std::min(piece, bytes.size()))) {
        wanted = reader.take(bytes.substr(0, piece));
    }
    if (!wanted || !reader.begun()) {
        must(!reader.problem().empty(), "what is no snapshot has a sentence");
        return;
    }
    const auto read = reader.finish();
    check(read);
    use(read);
    std::size_t written = 0;
    inspect::write_snapshot(read, true, [&written](std::string_view more) { return (written += more.size()) != 0; });
    must(written > 0, "what was read can be written");
}

} // namespace tasks::fuzz
