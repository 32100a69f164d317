// `tasks TARGET`: vitals and the biggest groups on one screen.
#include "analysis/analyse.hpp"
#include "commands/captured_target.hpp"
#include "commands/named_stacks.hpp"
#include "commands/verbs.hpp"

namespace tasks::commands {
namespace {

constexpr std::uint64_t shown_groups = 3; // of about six lines each: one screen with the vitals

} // namespace

Outcome summary_verb(const inspect::World& world, const Invocation& asked, const Output& output) {
    const auto snapshot = capture_target(world, asked, {});
    if (!snapshot) {
        return snapshot.error();
    }
    const auto vitals = inspect::analyse_vitals(*snapshot);
    inspect::StackOptions biggest;
    biggest.limit = shown_groups;
    const auto stacks = name_stacks(world, *snapshot, biggest);
    if (!stacks) {
        return stacks.error();
    }
    if (asked.json) {
        render::summary_json(vitals, *stacks, output.sink);
    } else {
        render::summary_text(vitals, *stacks, {output.colour}, output.sink);
    }
    return std::nullopt;
}

} // namespace tasks::commands
