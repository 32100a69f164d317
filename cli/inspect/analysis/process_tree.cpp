#include "analysis/process_tree.hpp"

#include <algorithm>

namespace tasks::inspect {
namespace {

constexpr int longest_line = 4096; // of ancestors; more is a circle

using Children = std::map<std::uint32_t, std::vector<std::size_t>>; // 0: of nobody

/// 0: none.
std::uint32_t listed_ancestor(std::uint32_t pid, const std::map<std::uint32_t, std::size_t>& listed,
                              const std::map<std::uint32_t, std::uint32_t>& parents) {
    auto at = pid;
    for (int steps = 0; steps < longest_line; ++steps) {
        const auto parent = parents.find(at);
        if (parent == parents.end() || parent->second == 0 || parent->second == pid) {
            return 0;
        }
        at = parent->second;
        if (listed.contains(at)) {
            return at;
        }
    }
    return 0;
}

} // namespace

std::vector<TreeNode> process_tree(const std::vector<std::uint32_t>& pids,
                                   const std::map<std::uint32_t, std::uint32_t>& parents) {
    std::map<std::uint32_t, std::size_t> listed;
    for (std::size_t at = 0; at < pids.size(); ++at) {
        listed.emplace(pids[at], at);
    }
    Children children;
    for (const auto& [pid, at] : listed) {
        children[listed_ancestor(pid, listed, parents)].push_back(at);
    }
    std::vector<TreeNode> nodes;
    std::vector<bool> placed(pids.size());
    std::vector<TreeNode> open; // the next at the end
    const auto push = [&](std::uint32_t of, std::optional<std::size_t> parent, std::size_t depth) {
        auto found = children.extract(of); // each list is used once
        if (found.empty()) {
            return;
        }
        for (auto child = found.mapped().rbegin(); child != found.mapped().rend(); ++child) {
            open.push_back({*child, parent, depth, child == found.mapped().rbegin()});
        }
    };
    const auto walk = [&] {
        while (!open.empty()) {
            const auto node = open.back();
            open.pop_back();
            placed[node.process] = true;
            nodes.push_back(node);
            push(pids[node.process], nodes.size() - 1, node.depth + 1);
        }
    };
    push(0, std::nullopt, 0);
    walk();
    for (const auto& [pid, at] : listed) { // circles: cut at the lowest pid
        if (!placed[at]) {
            for (auto& [of, list] : children) {
                std::erase(list, at);
            }
            open.push_back({at, std::nullopt, 0, true});
            walk();
        }
    }
    return nodes;
}

} // namespace tasks::inspect
