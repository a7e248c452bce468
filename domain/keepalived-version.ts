import { compareVersions } from "./version";

/** The oldest keepalived that the generated file is made for: the one of Debian 11 and RHEL 8. */
export const minimumVersion = "2.1.5";

/** What a version of keepalived can do beyond {@link minimumVersion}. */
export interface Features {
  /** `down_timer_adverts`, since 2.2.3. */
  downTimerAdverts: boolean;
  /** `unicast_fault_no_peer`, since 2.2.5: without peers an instance is at fault, and not on multicast. */
  faultWithoutPeers: boolean;
  /** `auth_hmac` with `receive-only`, since 2.4.2. */
  hmac: boolean;
}

/**
 * The features of a version (from keepalived's release tags).
 *
 * @throws if it is no version, or older than {@link minimumVersion}
 */
export function featuresOf(version: string): Features {
  if (!/^\d+(\.\d+)+$/.test(version))
    throw new Error(`${JSON.stringify(version)} is not a version of keepalived, such as 2.2.7`);
  if (compareVersions(version, minimumVersion) < 0)
    throw new Error(
      `keepalived ${version} is too old: at least ${minimumVersion} is needed; install a newer one on the node`,
    );
  return {
    downTimerAdverts: compareVersions(version, "2.2.3") >= 0,
    faultWithoutPeers: compareVersions(version, "2.2.5") >= 0,
    hmac: compareVersions(version, "2.4.2") >= 0,
  };
}
