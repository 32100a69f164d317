#include "capture/profile_places.hpp"

#include <algorithm>

#include "capture/profile_text.hpp"

namespace tasks::inspect::profile {
namespace {

SiteFacts site_of(std::string_view place) {
    SiteFacts site;
    const auto fields = fields_of(place);
    if (!fields.empty()) {
        site.function = unescaped(fields[0]);
    }
    if (fields.size() > 1) {
        const auto colon = fields[1].rfind(':');
        const bool lined = colon != std::string_view::npos && take_number(fields[1].substr(colon + 1), site.line);
        site.file = unescaped(lined ? fields[1].substr(0, colon) : fields[1]);
    }
    if (fields.size() > 2) {
        site.name = unescaped(fields[2]);
    }
    return site;
}

} // namespace

Places::Places(Snapshot& snapshot) : snapshot_(snapshot) {
    snapshot_.sites.resize(1);
    snapshot_.scope_lists.resize(1);
    snapshot_.labels.resize(1);
}

std::uint32_t Places::site(const std::string& place) {
    if (place == "-") {
        return 0;
    }
    if (const auto known = sites_.find(place); known != sites_.end()) {
        return known->second;
    }
    if (snapshot_.sites.size() == most) {
        ++left_out_;
        return 0;
    }
    const auto index = static_cast<std::uint32_t>(snapshot_.sites.size());
    snapshot_.sites.push_back(site_of(place));
    sites_.emplace(place, index);
    return index;
}

std::uint32_t Places::scopes(const Block& block) {
    if (block.scope_places.empty() && block.scopes_left_out == 0) {
        return 0;
    }
    std::vector<std::uint32_t> sites;
    std::ranges::transform(block.scope_places, std::back_inserter(sites),
                           [this](const std::string& place) { return site(place); });
    const std::pair key{std::move(sites), block.scopes_left_out};
    if (const auto known = lists_.find(key); known != lists_.end()) {
        return known->second;
    }
    if (snapshot_.scope_lists.size() == most) {
        ++left_out_;
        return 0;
    }
    const auto index = static_cast<std::uint32_t>(snapshot_.scope_lists.size());
    snapshot_.scope_lists.push_back({key.first, key.second});
    lists_.emplace(key, index);
    return index;
}

std::uint32_t Places::label(const std::string& field, bool cut) {
    if (field.empty()) {
        return 0;
    }
    const auto key = field + (cut ? " cut" : "");
    if (const auto known = labels_.find(key); known != labels_.end()) {
        return known->second;
    }
    if (snapshot_.labels.size() == most) {
        ++left_out_;
        return 0;
    }
    const auto equals = field.find('=');
    const auto index = static_cast<std::uint32_t>(snapshot_.labels.size());
    snapshot_.labels.push_back({unescaped(std::string_view{field}.substr(0, equals)),
                                unescaped(std::string_view{field}.substr(std::min(field.size(), equals + 1))), cut});
    labels_.emplace(key, index);
    return index;
}

} // namespace tasks::inspect::profile
