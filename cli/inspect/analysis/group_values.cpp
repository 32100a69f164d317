#include "analysis/group_values.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace tasks::inspect {
namespace {

/// One variable of one frame, while the tasks are gone through.
struct Variable {
    GroupValue told;
    std::set<std::string_view> seen;
};

void add(const FrameValue& value, std::size_t most, std::vector<Variable>& variables) {
    const auto same = [&value](const Variable& one) {
        return one.told.name == value.name && one.told.local == value.local;
    };
    auto known = std::ranges::find_if(variables, same);
    if (known == variables.end()) {
        known = variables.insert(known, Variable{{value.name, value.local, {}, 0}, {}});
    }
    if (known->seen.insert(value.value).second && known->told.first.size() < most) {
        known->told.first.push_back(value.value);
    }
}

} // namespace

bool is_asked(const StackOptions& asked, const FrameValue& value) {
    return value.local ? asked.locals : asked.arguments || asked.locals;
}

std::vector<std::vector<GroupValue>> values_of(const StackReport& report, const Group& group, std::size_t most) {
    if (!report.asked.arguments && !report.asked.locals) {
        return {};
    }
    static const std::vector<FrameValue> no_values;
    const auto& chains = report.list.chains();
    std::vector<std::vector<Variable>> variables(report.shape(group).frames.size());
    auto slot = group.first;
    for (std::uint32_t left = group.count; left > 0; --left, slot = report.next[slot]) {
        const auto chain = report.list.at(slot).chain;
        if (chain == CoroutineChains::none) {
            continue;
        }
        const auto coroutines = chains.chain(chain, report.asked.raw_frames);
        for (std::size_t at = 0; at < std::min(coroutines.size(), variables.size()); ++at) {
            const auto* frame = chains.frame(coroutines[at]);
            for (const auto& value : frame == nullptr ? no_values : frame->values) {
                if (is_asked(report.asked, value)) {
                    add(value, most, variables[at]);
                }
            }
        }
    }
    std::vector<std::vector<GroupValue>> values;
    for (auto& frame : variables) {
        auto& told = values.emplace_back();
        for (auto& variable : frame) {
            variable.told.distinct = variable.seen.size();
            told.push_back(std::move(variable.told));
        }
    }
    return values;
}

} // namespace tasks::inspect
