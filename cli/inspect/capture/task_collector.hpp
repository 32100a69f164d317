// Puts registered tasks, and the sites, scope lists and labels that they name, into a snapshot: from the table or from
// the agent's answer. A million tasks are kept in 48 bytes each, so all that they name is interned; most tasks have one
// scope, found by one look into an array. One thread at a time; the snapshot must outlive it.
#pragma once

#include <cstdint>
#include <map>
#include <unordered_map>
#include <vector>

#include <tasks/protocol/messages.hpp>
#include <tasks/protocol/table_reader.hpp>

#include "capture/label_collector.hpp"
#include "capture/snapshot.hpp"

namespace tasks::inspect {

/// What a table of 1 GiB holds. More are counted, not kept: a task takes 48 bytes and more of our memory, and 2 on the
/// wire from an agent that lies.
inline constexpr std::uint64_t max_tasks = 1u << 23;

class TaskCollector {
public:
    explicit TaskCollector(Snapshot& snapshot, std::uint64_t most = max_tasks);

    void reserve(std::uint64_t tasks);
    void add(const protocol::Task& task);
    /// What began and ended at a site that a task named before; only where the snapshot has a past.
    void add(const protocol::SiteCounts& counts);
    /// Of a wait object whose handles have all ended; only where the snapshot has a past.
    void add(const protocol::WaitObject& object);
    /// The texts of a site, before or after the tasks that name it. Ids over max_sites are passed over.
    void add(const protocol::Site& site);

    /// To be called once, when all is added: labels get their keys. The agent may intern a place twice, when two
    /// threads meet it at once: sites with equal texts become the first of them, and so do scope lists and labels.
    /// Tasks over the most become an entry of Snapshot::incomplete.
    void finish();

    /// Ids of the sites that tasks named, by their index in Snapshot::sites; [0] is 0.
    const std::vector<std::uint32_t>& site_ids() const noexcept { return ids_; }

private:
    std::uint32_t site_index(std::uint32_t id);
    std::uint32_t list_index(const protocol::Task& task);
    std::uint32_t frame_index(const TaskFrameFacts& frame);
    std::uint32_t new_list(ScopeList list);
    void merge_equal_sites();
    void merge_lives(const std::vector<std::uint32_t>& first_site);
    void tell_left_out();

    static constexpr std::uint32_t none = 0;
    Snapshot& snapshot_;
    std::uint64_t most_;
    std::uint64_t left_out_ = 0;
    LabelCollector labels_;
    std::vector<std::uint32_t> ids_{0};
    std::vector<std::uint32_t> index_of_id_;    ///< by site id; 0: not met yet
    std::vector<std::uint32_t> single_list_of_; ///< by site index: the list of that scope alone; 0: not made yet
    std::map<std::pair<std::vector<std::uint32_t>, std::uint32_t>, std::uint32_t> lists_;
};

/// All tasks of a table. Records that could not be read, or are damaged, become entries of Snapshot::incomplete;
/// births and deaths become vitals. `past`: Snapshot::past is filled too.
void collect_table(protocol::TableReader& reader, bool past, Snapshot& snapshot);

} // namespace tasks::inspect
