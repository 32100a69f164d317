#include "left_over.hpp"

#include "living_tasks.hpp"
#include "scopes.hpp"

namespace tasks::leaks {
namespace {

bool has(const std::vector<bool>& family, std::uint32_t first, std::uint32_t scope) {
    return scope >= first && scope - first < family.size() && family[scope - first];
}

} // namespace

LeftOver look_for(const LookedFor& asked) {
    LeftOver left;
    auto& scopes = Scopes::the();
    const auto family = scopes.family(asked.scope); // of 0: all
    const void* table = scopes.table();
    const std::uint32_t agent = table == nullptr ? 0 : static_cast<const protocol::TableHeader*>(table)->agent_tid;
    each_living(table, [&](const LivingTask& task) {
        if (task.id != asked.own_task && has(family, asked.scope, task.scope) &&
            (asked.without == nullptr || !asked.without->ids.contains(task.id)))
            left.ids.push_back(task.id);
    });
    const std::uint64_t own = own_serial();
    for (auto& thread : watched_threads(asked.scope, family))
        if (thread.serial != own && (agent == 0 || thread.tid != agent || thread.ended) &&
            (asked.without == nullptr || !asked.without->threads.contains(thread.serial)))
            left.threads.push_back(thread);
    return left;
}

} // namespace tasks::leaks
