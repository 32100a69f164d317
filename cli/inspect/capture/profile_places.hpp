// The places, nested scopes and labels that a profile's tasks name, each kept once in the snapshot. Most lines repeat:
// each is looked up as it stands and read once. One thread; the snapshot must outlive it.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "capture/profile_block.hpp"
#include "capture/snapshot.hpp"

namespace tasks::inspect::profile {

class Places {
public:
    /// Of each kind; what goes beyond is no place, and counted.
    static constexpr std::size_t most = 1u << 20;

    explicit Places(Snapshot& snapshot);

    /// `submit  /src/payments.cpp:29  charge card`: the index in Snapshot::sites.
    std::uint32_t site(const std::string& place);
    /// The index in Snapshot::scope_lists.
    std::uint32_t scopes(const Block& block);
    /// `request=8431`: the index in Snapshot::labels.
    std::uint32_t label(const std::string& field, bool cut);

    std::uint64_t left_out() const noexcept { return left_out_; }

private:
    using Known = std::unordered_map<std::string, std::uint32_t>;

    Snapshot& snapshot_;
    Known sites_;
    Known labels_;
    std::map<std::pair<std::vector<std::uint32_t>, std::uint32_t>, std::uint32_t> lists_;
    std::uint64_t left_out_ = 0;
};

} // namespace tasks::inspect::profile
