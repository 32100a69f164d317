// Gathers the labels of tasks, each once: a million tasks may have one label, or a million. An open hash table of
// indexes finds those that are there already: 16 to 32 bytes a label, where a node-based set takes 40, and none a task.
// Hashes stand beside the indexes, so that a label is looked at where it is likely the same, and never to grow.
// Keys are ids of sites until finish(), since their texts may come last. One thread at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "capture/snapshot.hpp"

namespace tasks::inspect {

class LabelCollector {
public:
    /// Labels are put into `labels`, which must outlive it; [0] becomes no label.
    explicit LabelCollector(std::vector<LabelFacts>& labels);

    /// The index of the label whose key is the name of the site with that index; 0 for site 0.
    std::uint32_t index(std::uint32_t key_site, std::string_view text, bool cut);

    /// Gives each label its key. Two sites may have one name, as two places set labels with one key: what becomes equal
    /// is made one. Returns the new index by the old one; empty: all stay what they are. index() is not to be used
    /// then.
    std::vector<std::uint32_t> finish(const std::vector<SiteFacts>& sites);

private:
    struct Slot {
        std::uint32_t label = 0; ///< 0: free
        std::uint32_t hash = 0;
    };

    bool is(std::uint32_t label, std::uint32_t key_site, std::string_view text, bool cut) const;
    Slot& free_slot(std::uint32_t hash);
    void grow();

    static constexpr std::uint32_t none = 0;
    std::vector<LabelFacts>* labels_;
    std::vector<std::uint32_t> key_sites_{none}; ///< by label
    std::vector<Slot> slots_;                    ///< a power of two, at most half of them taken
    std::uint32_t last_ = none;                  ///< neighbours often have the same
};

} // namespace tasks::inspect
