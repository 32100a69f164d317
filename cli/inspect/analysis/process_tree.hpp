// Processes as a tree: each below the nearest of its ancestors that is listed too. Pure; any thread.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

namespace tasks::inspect {

/// A node in the order of a walk that tells a process before its children, those of one parent by pid.
struct TreeNode {
    std::size_t process = 0;           ///< index into the pids
    std::optional<std::size_t> parent; ///< index into the nodes; unset: no ancestor is listed
    std::size_t depth = 0;
    bool last = true; ///< of its parent's children
};

/// `parents`: of every process that is seen. What /proc told at different moments may hold a circle: it is cut.
std::vector<TreeNode> process_tree(const std::vector<std::uint32_t>& pids,
                                   const std::map<std::uint32_t, std::uint32_t>& parents);

} // namespace tasks::inspect
