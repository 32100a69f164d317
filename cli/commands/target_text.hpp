// TARGET as people write it. Pure function.
#pragma once

#include <string>
#include <string_view>

#include <tasks/protocol/result.hpp>

#include "commands/invocation.hpp"

namespace tasks::commands {

/// `12336`: a PID; `12336@8812`: a PID and its start time; anything else: a name. The error is a sentence.
Result<TargetText> parse_target(std::string_view text);

} // namespace tasks::commands
