// `tasks version`: of this command and of the protocol that it speaks.
#include <fmt/format.h>

#include <tasks/protocol/messages.hpp>
#include <tasks/protocol/version.hpp>

#include "commands/verbs.hpp"

namespace tasks::commands {

Outcome version_verb(const Invocation& asked, const Output& output) {
    output.sink.write(asked.json
                          ? fmt::format("{{\"schema\":1,\"version\":\"{}\",\"protocol\":{}}}\n", protocol::version,
                                        protocol::protocol_major)
                          : fmt::format("tasks {} (protocol {})\n", protocol::version, protocol::protocol_major));
    return std::nullopt;
}

} // namespace tasks::commands
