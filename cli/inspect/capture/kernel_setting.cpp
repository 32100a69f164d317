#include "capture/kernel_setting.hpp"

#include <charconv>
#include <string>

namespace tasks::inspect {

std::optional<int> kernel_setting(const World& world, std::string_view name) {
    const auto text = world.proc.read("sys/" + std::string{name});
    int value = 0;
    return text && std::from_chars(text->data(), text->data() + text->size(), value).ec == std::errc{}
               ? std::optional{value}
               : std::nullopt;
}

} // namespace tasks::inspect
