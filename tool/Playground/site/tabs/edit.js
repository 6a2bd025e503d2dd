export function mount(panel, app) {
}
