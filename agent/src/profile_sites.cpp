#include "profile_sites.hpp"

namespace tasks::agent {

void KeptSite::keep(const protocol::Site& site) noexcept {
    const std::string_view name = site.name.substr(0, longest_name);
    const std::string_view function = site.function.substr(0, longest_function);
    const std::string_view file = site.file.substr(0, longest_file);
    id_ = site.id;
    line_ = site.line;
    name_bytes_ = static_cast<std::uint16_t>(name.size());
    function_bytes_ = static_cast<std::uint16_t>(function.size());
    file_bytes_ = static_cast<std::uint16_t>(file.size());
    char* at = texts_.data();
    for (const std::string_view text : {name, function, file})
        at += text.copy(at, text.size());
}

void KeptSite::keep_unknown(std::uint32_t id) noexcept {
    protocol::Site unknown;
    unknown.id = id;
    keep(unknown);
}

const KeptSite& ProfileSites::site(std::uint32_t id) noexcept {
    KeptSite& kept = kept_[id % slots]; // [0] holds no site until one of number 1,024 comes
    if (kept.id() == id)
        return kept;
    if (id > table_->site_count())
        table_->refresh(); // it was interned after the profile was begun
    if (const auto site = table_->site(id))
        kept.keep(*site);
    else
        kept.keep_unknown(id);
    return kept;
}

} // namespace tasks::agent
