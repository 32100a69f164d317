#include "capture/label_collector.hpp"

#include <map>
#include <utility>

namespace tasks::inspect {
namespace {

constexpr std::size_t first_slots = 64;

std::uint32_t hash_of(std::uint32_t key_site, std::string_view text, bool cut) {
    const auto hash =
        std::hash<std::string_view>{}(text) ^ (key_site * std::size_t{2} + (cut ? 1 : 0)) * 0x9e3779b97f4a7c15u;
    return static_cast<std::uint32_t>(hash ^ hash >> 32);
}

} // namespace

LabelCollector::LabelCollector(std::vector<LabelFacts>& labels) : labels_(&labels), slots_(first_slots) {
    labels.resize(1);
}

std::uint32_t LabelCollector::index(std::uint32_t key_site, std::string_view text, bool cut) {
    if (key_site == none) {
        return none;
    }
    if (last_ != none && is(last_, key_site, text, cut)) {
        return last_;
    }
    const auto hash = hash_of(key_site, text, cut);
    const auto mask = slots_.size() - 1;
    for (auto at = hash & mask; slots_[at].label != none; at = (at + 1) & mask) {
        if (slots_[at].hash == hash && is(slots_[at].label, key_site, text, cut)) {
            return last_ = slots_[at].label;
        }
    }
    last_ = static_cast<std::uint32_t>(labels_->size());
    free_slot(hash) = {last_, hash};
    labels_->push_back({{}, std::string{text}, cut});
    key_sites_.push_back(key_site);
    if (labels_->size() * 2 > slots_.size()) {
        grow();
    }
    return last_;
}

bool LabelCollector::is(std::uint32_t label, std::uint32_t key_site, std::string_view text, bool cut) const {
    const auto& known = (*labels_)[label];
    return key_sites_[label] == key_site && known.text == text && known.cut == cut;
}

LabelCollector::Slot& LabelCollector::free_slot(std::uint32_t hash) {
    const auto mask = slots_.size() - 1;
    auto at = hash & mask;
    while (slots_[at].label != none) {
        at = (at + 1) & mask;
    }
    return slots_[at];
}

void LabelCollector::grow() {
    const auto taken = std::exchange(slots_, std::vector<Slot>(slots_.size() * 2));
    for (const auto& slot : taken) {
        if (slot.label != none) {
            free_slot(slot.hash) = slot;
        }
    }
}

std::vector<std::uint32_t> LabelCollector::finish(const std::vector<SiteFacts>& sites) {
    std::map<std::string_view, std::uint32_t> site_of_name;
    std::vector<std::uint32_t> first_of(sites.size(), none); // by site, those that are keys: the first of that name
    bool twice = false;
    for (std::uint32_t label = 1; label < labels_->size(); ++label) {
        const auto site = key_sites_[label];
        if (first_of[site] == none) {
            first_of[site] = site_of_name.try_emplace(sites[site].name, site).first->second;
            twice = twice || first_of[site] != site;
        }
        (*labels_)[label].key = sites[site].name;
    }
    if (!twice) {
        return {};
    }
    auto all = std::exchange(*labels_, std::vector<LabelFacts>(1));
    const auto keys = std::exchange(key_sites_, {none});
    slots_.assign(first_slots, {});
    last_ = none;
    std::vector<std::uint32_t> new_index(all.size(), none);
    for (std::uint32_t label = 1; label < all.size(); ++label) {
        new_index[label] = index(first_of[keys[label]], all[label].text, all[label].cut);
        (*labels_)[new_index[label]].key = std::move(all[label].key);
    }
    return new_index;
}

} // namespace tasks::inspect
